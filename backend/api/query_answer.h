// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of questions as JSON, CSV and NDJSON. Decimals are written digit by digit; no binary fraction comes near
// them.
#pragma once

#include <string>
#include <vector>

#include "query/query.h"

namespace streamgauge::api {

struct AnswerStyle {
    bool explain = false;
    bool several = false;  // a list of answers, also of one
};

std::string write_json(const std::vector<query::PointsAnswer>& answers, AnswerStyle style);
// RFC 4180, with a header. A row for each point; for TopK for each of its items.
std::string write_csv(const std::vector<query::PointsAnswer>& answers, AnswerStyle style);
// One point on each line.
std::string write_ndjson(const std::vector<query::PointsAnswer>& answers, AnswerStyle style);

std::string write_json(const query::FunnelAnswer& answer, AnswerStyle style);
std::string write_json(const query::RetentionAnswer& answer, AnswerStyle style);

}  // namespace streamgauge::api
