"""Invented patients: facts and texts that fit the disease as in the textbook, though not perfectly."""

from __future__ import annotations

import numpy as np

from .textbook import FACTS, SKIN_TYPE_WEIGHTS
from .types import DISEASES, PhantomPatient, Renderer, Sex, stream

CENTRES = ("north", "east", "south")
SITES_ZH = {
    "elbow": "肘部", "knee": "膝部", "trunk": "躯干", "back": "背部",
    "forearm": "前臂", "lower_leg": "小腿", "wrist": "腕部",
    "hand": "手部", "face": "面部", "scalp_edge": "发际", "neck": "颈部",
}  # fmt: skip

# (complaint, course, past) per disease: several of each, so that the texts are not a label in disguise.
COMPLAINTS: dict[str, tuple[tuple[str, str], ...]] = {
    "psoriasis": (
        ("red plaques with silvery scale, little itch", "红色斑块伴银白色鳞屑，轻度瘙痒"),
        ("scaly plaques, worse in winter", "鳞屑性斑块，冬重夏轻"),
        ("thick scale that bleeds in points when scraped", "厚层鳞屑，刮除后点状出血"),
        ("a scaly red rash", "红色鳞屑性皮疹"),
    ),
    "eczema": (
        ("itching rash with oozing and crusts", "瘙痒性皮疹，伴渗出、结痂"),
        ("very itchy, thickened skin", "剧烈瘙痒，皮肤增厚"),
        ("recurring itchy red papules and vesicles", "反复红色丘疹、水疱伴瘙痒"),
        ("an itchy red rash", "瘙痒性红色皮疹"),
    ),
    "lichen_planus": (
        ("itchy violet flat papules", "紫红色扁平丘疹伴瘙痒"),
        ("shiny papules, some leaving brown marks", "有光泽的丘疹，部分消退后留褐色斑"),
        ("papules along a scratch, sore patches in the mouth", "抓痕处出现丘疹，口腔有糜烂"),
        ("an itchy dark rash", "瘙痒性暗色皮疹"),
    ),
    "lupus_erythematosus": (
        ("red patches that worsen after sun", "红斑，日晒后加重"),
        ("discoid plaques with scars, photosensitivity", "盘状斑块伴瘢痕，光敏感"),
        ("facial erythema with joint pain", "面部红斑伴关节痛"),
        ("a red patch that does not heal", "久不消退的红斑"),
    ),
    "parapsoriasis": (
        ("faint scaly patches without itch", "淡红色细屑性斑片，无自觉症状"),
        ("long oval patches on both flanks, stable for years", "两侧躯干长椭圆形斑片，多年不变"),
        ("pale patches that fade in summer", "淡色斑片，夏季减轻"),
        ("a scaly red rash", "红色鳞屑性皮疹"),
    ),
}
PASTS: dict[str, tuple[tuple[str, str], ...]] = {
    "psoriasis": (
        ("father with psoriasis", "父亲患银屑病"),
        ("joint stiffness in the morning", "晨起关节僵硬"),
        ("no past illness", "既往体健"),
    ),
    "eczema": (
        ("asthma as a child", "幼年哮喘史"),
        ("works with detergents", "长期接触洗涤剂"),
        ("no past illness", "既往体健"),
    ),
    "lichen_planus": (
        ("takes a thiazide", "服用噻嗪类药物"),
        ("hepatitis C", "丙型肝炎史"),
        ("no past illness", "既往体健"),
    ),
    "lupus_erythematosus": (
        ("mouth ulcers", "口腔溃疡史"),
        ("antinuclear antibodies 1:320", "抗核抗体1:320"),
        ("no past illness", "既往体健"),
    ),
    "parapsoriasis": (
        ("several creams without effect", "多种外用药无效"),
        ("dry skin", "皮肤干燥"),
        ("no past illness", "既往体健"),
    ),
}
PATHOLOGY: dict[str, tuple[tuple[str, str], ...]] = {
    "psoriasis": (
        ("parakeratosis, Munro microabscesses, elongated rete ridges", "角化不全，Munro微脓肿，表皮突延长"),
        (
            "regular acanthosis, thin granular layer, dilated papillary vessels",
            "棘层规则肥厚，颗粒层变薄，真皮乳头血管扩张",
        ),
    ),
    "eczema": (
        ("spongiosis, lymphocytes around superficial vessels", "海绵水肿，浅层血管周围淋巴细胞浸润"),
        ("acanthosis with slight spongiosis, some eosinophils", "棘层肥厚伴轻度海绵水肿，少量嗜酸性粒细胞"),
    ),
    "lichen_planus": (
        (
            "wedge-shaped hypergranulosis, band-like lymphocytic infiltrate, colloid bodies",
            "颗粒层楔形增厚，带状淋巴细胞浸润，胶样小体",
        ),
        ("saw-tooth rete ridges, liquefaction of the basal layer", "表皮突锯齿状，基底层液化变性"),
    ),
    "lupus_erythematosus": (
        (
            "hyperkeratosis with follicular plugs, basal liquefaction, thick basement membrane",
            "角化过度伴毛囊角栓，基底层液化，基底膜增厚",
        ),
        (
            "epidermal atrophy, infiltrate around vessels and adnexa, mucin",
            "表皮萎缩，血管及附属器周围淋巴细胞浸润，黏蛋白沉积",
        ),
    ),
    "parapsoriasis": (
        ("mild parakeratosis, sparse superficial lymphocytic infiltrate", "轻度角化不全，浅层稀疏淋巴细胞浸润"),
        (
            "slight spongiosis, few lymphocytes in the epidermis without atypia",
            "轻度海绵水肿，表皮内少量无异型淋巴细胞",
        ),
    ),
}  # fmt: skip


def _text(disease: str, sex: Sex, age: int, site: str, months: int, rng: np.random.Generator) -> tuple[str, str]:
    complaint = COMPLAINTS[disease][int(rng.integers(len(COMPLAINTS[disease])))]
    past = PASTS[disease][int(rng.integers(len(PASTS[disease])))]
    place = site.replace("_", " ")
    english = f"{sex.capitalize()}, {age} years: {complaint[0]} ({place}) for {months} months; {past[0]}."
    chinese = (
        f"{'女' if sex == 'female' else '男'}，{age}岁，{SITES_ZH[site]}{complaint[1]}，病程{months}个月；{past[1]}。"
    )
    return english, chinese


def make_patient(seed: int, index: int, renderer: Renderer, disease: str | None = None) -> PhantomPatient:
    """The patient `index` of the collection `seed`; the disease cycles with the index unless one is named."""
    rng = stream(seed, index, ord(renderer), 1)
    key = DISEASES[index % len(DISEASES)] if disease is None else disease
    facts = FACTS[key]
    sex: Sex = "female" if rng.random() < facts.female else "male"
    age = int(np.clip(rng.normal(*facts.age), 3 if key == "eczema" else 14, 88))
    names = tuple(facts.sites)
    weights = np.array([facts.sites[n] for n in names])
    site = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    months = int(np.clip(facts.months * np.exp(rng.normal(0, 0.9)), 1, 480))
    history, history_zh = _text(key, sex, age, site, months, rng)
    pathology, pathology_zh = PATHOLOGY[key][int(rng.integers(len(PATHOLOGY[key])))]
    return PhantomPatient(
        code=f"{renderer}{seed:03d}-{index:06d}",
        disease=key,
        age=age,
        sex=sex,
        site=site,
        duration_months=months,
        history=history,
        history_zh=history_zh,
        pathology=pathology.capitalize() + ".",
        pathology_zh=pathology_zh + "。",
        centre=CENTRES[int(rng.choice(3, p=(0.5, 0.3, 0.2)))],
        skin_type=int(rng.choice(6, p=SKIN_TYPE_WEIGHTS / SKIN_TYPE_WEIGHTS.sum())) + 1,
    )
