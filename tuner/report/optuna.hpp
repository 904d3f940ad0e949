// Studies as Optuna has them, and back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/report/imported_study.hpp"
#include "tuner/report/stored_space.hpp"
#include "tuner/storage/optuna.hpp"
#include "tuner/storage/rows.hpp"

namespace tuner::report {

// parameters: of the study; those without ends get the ones of the trials. Completed trials with a finite value are
// COMPLETE, pruned ones PRUNED, all others FAIL, since an infinite value would be Optuna's best. The metric's curve is
// the intermediate values; outcome, seconds, configuration, replicate and error are attributes of the user. Trials that
// were cancelled are left out. A list is the text of its JSON. further: the study's metrics after the first; with them
// there are no intermediate values, which Optuna has of studies with one objective alone.
[[nodiscard]] storage::OptunaStudy optuna_study(const storage::StudyRow& study,
                                                const std::vector<FurtherMetric>& further,
                                                std::vector<StoredParameter> parameters,
                                                std::span<const storage::TrialDetail> trials);

// name: of the new study; its metric is called "value", further ones "value_1" and so on, constraints "constraint.0".
// Errors: storage.damaged for a distribution that cannot be read.
[[nodiscard]] ImportedStudy imported_study(const storage::OptunaStudy& study, const std::string& name,
                                           const std::string& file);

}  // namespace tuner::report
