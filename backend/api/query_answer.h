// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of questions as JSON, CSV and NDJSON. Decimals are written digit by digit; no binary fraction comes near
// them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "query/query.h"

namespace streamgauge::api {

struct AnswerStyle {
    bool explain = false;
    bool several = false;  // a list of answers, also of one
    // Of several: where in the question each answer's metric is, and how many it names (QueryRequest).
    std::vector<std::size_t> places = {};
    std::size_t named = 0;
};

// Where the next page of all answers together begins; none when there is no more of any.
std::optional<std::string> cursor_of(const std::vector<query::PointsAnswer>& answers, const AnswerStyle& style);

std::string write_json(const std::vector<query::PointsAnswer>& answers, const AnswerStyle& style);
// RFC 4180, with a header. A row for each point; for TopK for each of its items.
std::string write_csv(const std::vector<query::PointsAnswer>& answers, const AnswerStyle& style);
// One point on each line.
std::string write_ndjson(const std::vector<query::PointsAnswer>& answers, const AnswerStyle& style);

std::string write_json(const query::FunnelAnswer& answer, const AnswerStyle& style);
std::string write_json(const query::RetentionAnswer& answer, const AnswerStyle& style);

}  // namespace streamgauge::api
