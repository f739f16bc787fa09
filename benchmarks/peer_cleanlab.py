"""cleanlab on features that are given: run in an environment of its own by ``label_suspects``.

``python peer_cleanlab.py IN.npz OUT.npz``: a logistic regression on standardised features, five folds, as cleanlab's
tutorials do it, "plain" (stratified) and "grouped"; quality by self-confidence and issues by its defaults.
"""

import sys

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

given = np.load(sys.argv[1])
rows, labels, groups = given["rows"], given["labels"], given["groups"]
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=400))
found = {}
for name, folds in (("plain", 5), ("grouped", GroupKFold(5))):
    chances = cross_val_predict(model, rows, labels, groups=groups, cv=folds, method="predict_proba")
    found[f"{name}_quality"] = get_label_quality_scores(labels, chances)
    found[f"{name}_issue"] = find_label_issues(labels, chances)
np.savez(sys.argv[2], **found)
