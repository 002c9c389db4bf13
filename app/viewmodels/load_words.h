// SPDX-License-Identifier: GPL-3.0-or-later
// What is said of a load run in words: its thresholds, its outcomes, its generator's certificate.
#pragma once

#include <QString>
#include <QStringList>

#include <optional>
#include <string>

#include "loadgen/compare.h"
#include "loadgen/hand.h"
#include "loadgen/run_report.h"
#include "loadgen/threshold.h"

namespace streamgauge::viewmodels {

QString threshold_words(const loadgen::Threshold& threshold);  // "p95 < 300 ms in every 10 s"
// The same from its text; a text that cannot be read is itself.
QString threshold_words(const std::string& text);
QString measured_words(loadgen::Threshold::Measure measure, std::optional<double> measured);  // "412 ms", "nothing"
// "status_503" -> "503 Service Unavailable", "timeout" -> "no answer in time".
QString outcome_words(const std::string& kind);
QString hand_words(const loadgen::HandAction& action);  // "rate 2 k/s"
QString run_time(double seconds);                       // of a run: "0:42", "12:03", "1:02:03"
// "Valid: ..." what the certificate's verdict means.
QString certificate_words(loadgen::Validity validity);
// Why a run that is over failed, most telling first; empty where it did not.
QStringList failure_reasons(const loadgen::RunReport& report);
QString measure_name(const std::string& measure);  // of a comparison: "error_share" -> "Errors"

}  // namespace streamgauge::viewmodels
