// Everything the author of a pruner includes. It stands beside plugin.hpp, which the other kinds include, so that these
// do not read it.
//
//   TUNER_LIBRARY("my_pruner", "1.0.0", "MIT", tuner::pruner<MyPruner>)
#pragma once

#include "tuner/plugin.hpp"
#include "tuner/sdk/pruner.hpp"
