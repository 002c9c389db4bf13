// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/ingest_split.h"

#include <algorithm>

#include "api/json_writer.h"
#include "base/limits.h"

namespace streamgauge::api {

namespace {

// The parts of one request, found by project and dialect: there are few.
class Parts {
public:
    AppendPart& of(const std::string& project, Dialect dialect) {
        for (AppendPart& part : parts_) {
            if (part.request.batch.project() == project && part.request.dialect == dialect) return part;
        }
        AppendPart& part = parts_.emplace_back();
        part.request.batch = EventBatch(project);
        part.request.dialect = dialect;
        return part;
    }
    std::vector<AppendPart> take() { return std::move(parts_); }

private:
    std::vector<AppendPart> parts_;
};

// The project of each event; those of one site mostly come one after the other.
std::vector<std::string> projects_of(const DecodedRequest& decoded, const auth::Principal& sender,
                                     IngestPolicy& policy) {
    std::vector<std::string> projects;
    projects.reserve(decoded.batch.size());
    for (std::size_t i = 0; i < decoded.batch.size(); ++i) {
        if (i >= decoded.sites.size()) {
            projects.push_back(sender.project);
        } else if (i > 0 && decoded.sites[i] == decoded.sites[i - 1]) {
            projects.push_back(projects.back());
        } else {
            projects.push_back(policy.project_of_site(sender, decoded.sites[i]));
        }
    }
    return projects;
}

}  // namespace

std::string generic_json(const EventView& event) {
    JsonWriter json;
    json.begin_object().key("event_id").string(event.event_id).key("event_type").string(event.event_type);
    json.key("occurred_at").string(format_rfc3339(event.occurred_at));
    if (!event.user_id.empty()) json.key("user_id").string(event.user_id);
    if (!event.session_id.empty()) json.key("session_id").string(event.session_id);
    if (!event.page_url.empty()) json.key("page_url").string(event.page_url);
    json.key("schema_version").integer(event.schema_version);
    json.key("properties").raw(event.props).end_object();
    return json.take();
}

std::optional<std::string> only_project(const DecodedRequest& decoded, const auth::Principal& sender,
                                        IngestPolicy& policy, const SchemaRegistry* schemas) {
    const auto settled = [schemas](std::string project) -> std::optional<std::string> {
        if (schemas != nullptr && !schemas->idle(project)) return std::nullopt;
        return project;
    };
    if (decoded.sites.empty()) return settled(sender.project);
    const std::vector<std::string> projects = projects_of(decoded, sender, policy);
    const auto other = [&](const std::string& project) { return project != sender.project; };
    // What was rejected belongs to the sender.
    if (!decoded.rejected.empty() && std::any_of(projects.begin(), projects.end(), other)) return std::nullopt;
    if (projects.empty()) return settled(sender.project);
    for (const std::string& project : projects) {
        if (project != projects.front()) return std::nullopt;
    }
    return settled(projects.front());
}

SplitRequest split(DecodedRequest decoded, Dialect dialect, const auth::Principal& sender, IngestPolicy& policy,
                   const SchemaRegistry* schemas) {
    SplitRequest out;
    const std::vector<std::string> projects = projects_of(decoded, sender, policy);
    Parts parts;
    for (std::size_t i = 0; i < decoded.batch.size(); ++i) {
        EventView event = decoded.batch[i];
        SchemaRegistry::Verdict verdict;
        if (schemas != nullptr) verdict = schemas->check(projects[i], event);
        if (verdict.mode == SchemaMode::Enforce) {
            Rejection broken;
            broken.index = i < decoded.request_index.size() ? decoded.request_index[i] : static_cast<std::uint32_t>(i);
            broken.reason = std::move(verdict.fault.reason);
            broken.field = std::move(verdict.fault.pointer);
            broken.raw = generic_json(event);
            broken.event_id = event.event_id;
            out.broken.push_back(broken);
            parts.of(projects[i], Dialect::Generic).request.rejected.push_back(std::move(broken));
            continue;
        }
        event.off_schema = event.off_schema || verdict.mode == SchemaMode::Warn;
        AppendPart& part = parts.of(projects[i], dialect);
        part.positions.push_back(static_cast<std::uint32_t>(out.batch.size()));
        part.request.batch.add(event);
        out.batch.add(event);
    }
    if (!decoded.rejected.empty()) {
        auto& rejected = parts.of(sender.project, dialect).request.rejected;
        std::move(decoded.rejected.begin(), decoded.rejected.end(), std::back_inserter(rejected));
    }
    out.parts = parts.take();
    return out;
}

}  // namespace streamgauge::api
