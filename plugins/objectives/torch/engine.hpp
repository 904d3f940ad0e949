// The functions of every objective, each made where the objective is.
#pragma once

#include "tuner/abi.h"

namespace tuner::objectives::torch_objectives {

const tuner_objective& logreg_functions();
const tuner_objective& mlp_functions();
const tuner_objective& convnet_functions();
const tuner_objective& vae_functions();
const tuner_objective& lstm_functions();
const tuner_objective& torchscript_functions();

}  // namespace tuner::objectives::torch_objectives
