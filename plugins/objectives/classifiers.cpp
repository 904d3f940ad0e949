#include "convnet.hpp"
#include "dense_classifiers.hpp"

TUNER_LIBRARY("classifiers", "1.1.0", "MIT", tuner::objective<tuner::objectives::LogisticRegression>,
              tuner::objective<tuner::objectives::Mlp>, tuner::objective<tuner::objectives::Convnet>)
