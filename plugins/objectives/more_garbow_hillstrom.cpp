// The test problems of More, Garbow, Hillstrom 1981, ACM TOMS 7, pages 17-41, except for those that have files of their
// own: problems 1, 21 (rosenbrock) and 5 (beale). A new problem is a struct in one of the headers and a line here.
#include "mgh_any_dimension.hpp"
#include "mgh_fits.hpp"
#include "mgh_small.hpp"
#include "mgh_systems.hpp"

namespace mgh = tuner::objectives::mgh;
using tuner::objectives::LeastSquares;

TUNER_LIBRARY("more_garbow_hillstrom", "1.0.0", "MIT", tuner::objective<LeastSquares<mgh::FreudensteinRoth>>,
              tuner::objective<LeastSquares<mgh::PowellBadlyScaled>>,
              tuner::objective<LeastSquares<mgh::BrownBadlyScaled>>, tuner::objective<LeastSquares<mgh::HelicalValley>>,
              tuner::objective<LeastSquares<mgh::PowellSingular>>, tuner::objective<LeastSquares<mgh::Wood>>,
              tuner::objective<LeastSquares<mgh::JennrichSampson>>, tuner::objective<LeastSquares<mgh::Bard>>,
              tuner::objective<LeastSquares<mgh::Gaussian>>, tuner::objective<LeastSquares<mgh::Meyer>>,
              tuner::objective<LeastSquares<mgh::Gulf>>, tuner::objective<LeastSquares<mgh::Box3d>>,
              tuner::objective<LeastSquares<mgh::KowalikOsborne>>, tuner::objective<LeastSquares<mgh::BrownDennis>>,
              tuner::objective<LeastSquares<mgh::Osborne1>>, tuner::objective<LeastSquares<mgh::BiggsExp6>>,
              tuner::objective<LeastSquares<mgh::Osborne2>>, tuner::objective<LeastSquares<mgh::Watson>>,
              tuner::objective<LeastSquares<mgh::Penalty1>>, tuner::objective<LeastSquares<mgh::Penalty2>>,
              tuner::objective<LeastSquares<mgh::VariablyDimensioned>>,
              tuner::objective<LeastSquares<mgh::Trigonometric>>, tuner::objective<LeastSquares<mgh::Chebyquad>>,
              tuner::objective<LeastSquares<mgh::BrownAlmostLinear>>,
              tuner::objective<LeastSquares<mgh::DiscreteBoundaryValue>>,
              tuner::objective<LeastSquares<mgh::DiscreteIntegralEquation>>,
              tuner::objective<LeastSquares<mgh::BroydenTridiagonal>>,
              tuner::objective<LeastSquares<mgh::BroydenBanded>>, tuner::objective<LeastSquares<mgh::LinearFullRank>>,
              tuner::objective<LeastSquares<mgh::LinearRank1>>, tuner::objective<LeastSquares<mgh::LinearRank1Zero>>)
