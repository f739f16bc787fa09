"""Marks that photos of ISIC 2016 carry by nature, by one person's eye on contact sheets of 224 x 224 pixels each."""

from __future__ import annotations


def _named(numbers: str) -> frozenset[str]:
    return frozenset(f"ISIC_{number}" for number in numbers.split())


RULER = _named("""
    1063 1070 1098 1099 1100 1111 1113 1128 1131 1132 1133 1135 1177 1178
    1184 1185 1186 1187 1195 1197 1199 1201 1202 1215 1219 1221 1223 1233
    1236 1240 1246 1250 1258 1260 1261 1262 1264 1265 1268 1280 1282 1283
    1310 1315 1328 1349 1350 1355 1356 1357 1360 1365 1370 1371 1372
""")
"""A ruler, or a dermatoscope's ticks."""
UNSURE = _named("""
    1069 1094 1097 1108 1110 1112 1114 1116 1117 1122 1129 1130 1134 1203
    1207 1210 1212 1213 1229 1232 1238 1242 1243 1245 1247 1257 1263 1266
    1290 1294 1297 1298 1299 1300 1301 1303 1308 1309 1311 1313 1314 1316
    1317 1318 1319 1325 1332 1334 1335 1336 1343 1345 1346 1348 1352 1354
    1361 1363 1368 1378
""")
"""Perhaps a tick or two at the edge, perhaps a hair."""
PEN = _named("""
    1291 1376 1113 1114
""")
TEXT = _named("""
    1132 1133 1364
""")
"""A camera's date, red."""
