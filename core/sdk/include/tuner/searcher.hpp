// Everything the author of a searcher includes. It stands beside plugin.hpp, which the other kinds include, so that
// these do not read it.
//
//   TUNER_LIBRARY("my_searcher", "1.0.0", "MIT", tuner::searcher<MySearcher>)
#pragma once

#include "tuner/plugin.hpp"
#include "tuner/sdk/searcher.hpp"
