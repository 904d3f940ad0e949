"""Cross-validates a support vector machine on the digits that scikit-learn ships; prints its accuracy alone."""
import argparse

from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

parser = argparse.ArgumentParser()
parser.add_argument("--C", type=float, default=1.0)
parser.add_argument("--gamma", type=float, default=0.001)
options = parser.parse_args()
data = load_digits()
print(cross_val_score(SVC(C=options.C, gamma=options.gamma), data.data, data.target, cv=3).mean())
