// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/objective_exchange.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/json_members.h"
#include "api/json_writer.h"
#include "api/objective_codec.h"
#include "slo/openslo.h"
#include "slo/prometheus_rules.h"

namespace streamgauge::api {

namespace {

struct RunningImport {
    ObjectiveService& objectives;
    Done<ImportedObjectives> done;
    slo::OpenSloImport text;
    ImportedObjectives told;
    std::size_t next = 0;
};

void put_next(const std::shared_ptr<RunningImport>& import) {
    if (import->next == import->text.objectives.size()) {
        import->told.kept = true;
        return import->done(import->told);
    }
    import->objectives.put(import->text.objectives[import->next], [import](const Result<ObjectiveStatus>& done) {
        if (done) {
            ++import->next;
    return put_next(import);
}
Error error = done.error();
error.message = import->text.objectives[import->next].name + ": " + error.message + "; " +
                std::to_string(import->next) + " before it are imported";
import->done(error);
}  // namespace
);
}  // namespace streamgauge::api

std::vector<std::string> texts_of(const nlohmann::json* array) {
    std::vector<std::string> texts;
    if (array == nullptr || !array->is_array()) return texts;
    for (const nlohmann::json& one : *array)
        if (one.is_string()) texts.push_back(one.get<std::string>());
    return texts;
}

}  // namespace

void ObjectiveExchange::import(std::string_view openslo, bool dry_run, Done<ImportedObjectives> done) {
    Result<slo::OpenSloImport> read = slo::read_openslo(openslo);
    if (!read) return done(read.error());
    ImportedObjectives told;
    told.notes = read->notes;
    for (const slo::Objective& one : read->objectives) {
        told.imported.push_back(one.name);
        if (Status right = check_objective(one); !right) {
            Error error = right.error();
            error.message = one.name + ": " + error.message;
            return done(error);
        }
    }
    if (dry_run) return done(told);
    put_next(std::make_shared<RunningImport>(
        RunningImport{objectives_, std::move(done), std::move(read).value(), std::move(told), 0}));
}

void ObjectiveExchange::write(ObjectiveForm form, std::string project, Done<std::string> done) {
    objectives_.list(
        std::move(project), [this, form, done = std::move(done)](const Result<std::vector<ObjectiveStatus>>& all) {
            if (!all) return done(all.error());
            std::vector<slo::Objective> objectives;
            for (const ObjectiveStatus& one : *all) objectives.push_back(one.objective);
            std::sort(objectives.begin(), objectives.end(),
                      [](const slo::Objective& a, const slo::Objective& b) { return a.name < b.name; });
            done(form == ObjectiveForm::Prometheus ? slo::prometheus_rules(objectives, latency_bounds_, left_out_())
                                                   : slo::write_openslo(objectives));
        });
}

std::string write_imported(const ImportedObjectives& imported) {
    JsonWriter out;
    out.begin_object().key("imported").begin_array();
    for (const std::string& name : imported.imported) out.string(name);
    out.end_array().key("notes").begin_array();
    for (const std::string& note : imported.notes) out.string(note);
    out.end_array().key("kept").boolean(imported.kept).end_object();
    return out.take();
}

Result<ImportedObjectives> read_imported(std::string_view text) {
    const nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
    if (value.is_discarded()) return wrong_field("", "it is not JSON");
    Members in(value, "");
    ImportedObjectives told{texts_of(in.find("imported")), texts_of(in.find("notes")), in.flag("kept").value_or(false)};
    if (in.fault()) return *in.fault();
    return told;
}

}  // namespace streamgauge::api
