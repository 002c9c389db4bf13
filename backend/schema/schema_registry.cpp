// SPDX-License-Identifier: GPL-3.0-or-later
// Schemas in SQLite, and compiled in memory. Readers take the whole picture at once; changes make the next one.
#include "schema/schema_registry.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits.h"
#include "base/sqlite.h"
#include "base/wrong_field.h"
#include "schema/compatibility.h"
#include "schema/json_schema.h"

namespace streamgauge {

namespace {

using schema::JsonSchema;

constexpr std::size_t kSchemas = 1'000;  // of one server
constexpr std::size_t kBreaksNamed = 5;

constexpr std::array<std::string_view, 4> kCompatibilities{"none", "backward", "forward", "full"};
constexpr std::array<std::string_view, 3> kModes{"off", "warn", "enforce"};

template <class Enum, std::size_t size>
std::optional<Enum> from_word(std::string_view word, const std::array<std::string_view, size>& words) {
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) return std::nullopt;
    return static_cast<Enum>(found - words.begin());
}

struct Version {
    EventSchema described;  // mode and compatibility are the type's
    std::shared_ptr<const JsonSchema> compiled;
};
struct Type {
    SchemaMode mode = SchemaMode::Warn;
    Compatibility compatibility = Compatibility::Backward;
    std::map<std::int32_t, std::shared_ptr<const Version>> versions;
    std::shared_ptr<std::atomic<std::uint64_t>> violations = std::make_shared<std::atomic<std::uint64_t>>(0);
};
using Types = std::map<std::string, Type, std::less<>>;
using Projects = std::map<std::string, Types, std::less<>>;

const Type* find_type(const Projects& projects, std::string_view project, std::string_view event_type) {
    const auto types = projects.find(project);
    if (types == projects.end()) return nullptr;
    const auto type = types->second.find(event_type);
    return type == types->second.end() ? nullptr : &type->second;
}

Error no_such_type(const std::string& event_type) {
    return Error::make(ErrorCode::NotFound, "no schema is registered for " + event_type);
}

Status check_names(const EventSchema& wanted) {
    if (wanted.project.empty() || wanted.project.size() > limits::kEventTypeBytes)
        return wrong_field("project", "must be the name of a project");
    if (wanted.event_type.empty() || wanted.event_type.size() > limits::kEventTypeBytes ||
        wanted.event_type.find('\0') != std::string::npos)
        return wrong_field("event_type", "must be 1 to " + std::to_string(limits::kEventTypeBytes) + " bytes");
    if (wanted.version < 1) return wrong_field("version", "must be at least 1");
    return {};
}

bool same_document(const std::string& one, const std::string& other) {
    return nlohmann::json::parse(one, nullptr, false) == nlohmann::json::parse(other, nullptr, false);
}

std::string breaks_between(const JsonSchema& writer, const JsonSchema& reader, std::string_view what) {
    const auto found = schema::breaks(writer, reader);
    std::string text;
    for (std::size_t i = 0; i < found.size() && i < kBreaksNamed; ++i) {
        text += (i == 0 ? std::string(what) + ": " : "; ") + (found[i].pointer.empty() ? "/" : found[i].pointer) + " " +
                found[i].what;
    }
    if (found.size() > kBreaksNamed) text += "; and " + std::to_string(found.size() - kBreaksNamed) + " more";
    return text;
}

// Conflict when `next` breaks what the type promises towards the version before it.
Status check_compatibility(const Type& type, std::int32_t version, const JsonSchema& next) {
    if (type.compatibility == Compatibility::None) return {};
    const auto after = type.versions.lower_bound(version);
    if (after == type.versions.begin()) return {};
    const Version& before = *std::prev(after)->second;
    const std::string number = std::to_string(before.described.version);
    std::string why;
    if (type.compatibility != Compatibility::Forward)
        why = breaks_between(*before.compiled, next, "not everything that version " + number + " accepts is accepted");
    if (type.compatibility != Compatibility::Backward) {
        const std::string forward =
            breaks_between(next, *before.compiled, "not everything that it accepts is accepted by version " + number);
        if (!forward.empty()) why += (why.empty() ? "" : ". ") + forward;
    }
    if (why.empty()) return {};
    Error error = Error::make(
        ErrorCode::Conflict, "the schema is not " + std::string(to_string(type.compatibility)) + " compatible: " + why);
    error.field = "schema";
    error.hint = "mend the schema, or give the type another compatibility";
    return error;
}

class SqliteSchemaRegistry final : public SchemaRegistry {
public:
    SqliteSchemaRegistry(sql::Connection connection, const Clock& clock)
        : connection_(std::move(connection)), clock_(clock), projects_(std::make_shared<Projects>()) {}

    Status load();

    Result<EventSchema> add(EventSchema wanted) override;
    Result<EventSchema> try_out(EventSchema wanted) const override;
    Status set_mode(const std::string& project, const std::string& event_type, SchemaMode mode,
                    Compatibility compatibility) override;
    Status remove(const std::string& project, const std::string& event_type, std::int32_t version) override;
    std::vector<EventSchema> list(const std::string& project) const override;
    bool idle(std::string_view project) const override;
    Verdict check(std::string_view project, const EventView& event) const override;
    std::vector<std::pair<std::string, std::uint64_t>> violations() const override;

private:
    std::shared_ptr<const Projects> current() const {
        const std::lock_guard lock(mutex_);
        return projects_;
    }
    void publish(std::shared_ptr<const Projects> next) {
        const bool empty = next->empty();
        const std::lock_guard lock(mutex_);
        projects_ = std::move(next);
        empty_.store(empty, std::memory_order_release);
    }
    // Checks everything that does not need the disk. `existing` is set when this very version is there already.
    static Result<std::shared_ptr<Version>> prepare(const Projects& projects, EventSchema wanted, bool& existing);
    Status write(const EventSchema& added);
    template <class Change>
    Status in_transaction(Change change);

    std::mutex writing_;  // one change at a time
    const sql::Connection connection_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Projects> projects_;  // guarded by mutex_
    std::atomic<bool> empty_{true};
};

Status SqliteSchemaRegistry::load() {
    if (Status made =
            sql::execute(connection_.get(),
                         "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "CREATE TABLE IF NOT EXISTS types(project TEXT NOT NULL, event_type TEXT NOT NULL,"
                         " mode TEXT NOT NULL, compatibility TEXT NOT NULL, PRIMARY KEY(project, event_type));"
                         "CREATE TABLE IF NOT EXISTS versions(project TEXT NOT NULL, event_type TEXT NOT NULL,"
                         " version INTEGER NOT NULL, schema TEXT NOT NULL, registered_at INTEGER NOT NULL,"
                         " registered_by TEXT NOT NULL, PRIMARY KEY(project, event_type, version));");
        !made.ok())
        return made;
    auto rows = sql::Statement::prepare(connection_.get(),
                                        "SELECT v.project, v.event_type, v.version, v.schema, v.registered_at,"
                                        " v.registered_by, t.mode, t.compatibility FROM versions v"
                                        " JOIN types t ON t.project = v.project AND t.event_type = v.event_type");
    if (!rows.ok()) return rows.error();
    auto next = std::make_shared<Projects>();
    for (;;) {
        const auto more = rows->step();
        if (!more.ok()) return more.error();
        if (!*more) break;
        auto version = std::make_shared<Version>();
        EventSchema& described = version->described;
        described.project = rows->bytes(0);
        described.event_type = rows->bytes(1);
        described.version = static_cast<std::int32_t>(rows->integer(2));
        described.schema = rows->bytes(3);
        described.registered_at = {rows->integer(4)};
        described.registered_by = rows->bytes(5);
        const auto mode = schema_mode_from(rows->bytes(6));
        const auto compatibility = compatibility_from(rows->bytes(7));
        auto compiled = JsonSchema::compile(described.schema);
        if (!mode || !compatibility || !compiled.ok()) {
            return Error::make(ErrorCode::Corrupt, "the schema of " + described.event_type + " version " +
                                                       std::to_string(described.version) + " cannot be read");
        }
        version->compiled = std::move(compiled).value();
        Type& type = (*next)[described.project][described.event_type];
        type.mode = *mode;
        type.compatibility = *compatibility;
        type.versions[described.version] = std::move(version);
    }
    publish(std::move(next));
    return {};
}

template <class Change>
Status SqliteSchemaRegistry::in_transaction(Change change) {
    if (Status begun = sql::execute(connection_.get(), "BEGIN IMMEDIATE"); !begun.ok()) return begun;
    Status done = change();
    if (done.ok()) done = sql::execute(connection_.get(), "COMMIT");
    if (!done.ok()) static_cast<void>(sql::execute(connection_.get(), "ROLLBACK"));
    return done;
}

Result<std::shared_ptr<Version>> SqliteSchemaRegistry::prepare(const Projects& projects, EventSchema wanted,
                                                               bool& existing) {
    if (Status named = check_names(wanted); !named.ok()) return named.error();
    auto compiled = JsonSchema::compile(wanted.schema);
    if (!compiled.ok()) return compiled.error();
    auto version = std::make_shared<Version>();
    if (const Type* type = find_type(projects, wanted.project, wanted.event_type); type != nullptr) {
        wanted.mode = type->mode;
        wanted.compatibility = type->compatibility;
        if (const auto found = type->versions.find(wanted.version); found != type->versions.end()) {
            if (!same_document(found->second->described.schema, wanted.schema)) {
                return Error::make(ErrorCode::AlreadyExists, "version " + std::to_string(wanted.version) + " of " +
                                                                 wanted.event_type +
                                                                 " is registered with another text");
            }
            existing = true;
            version->described = found->second->described;
            version->described.mode = type->mode;
            version->described.compatibility = type->compatibility;
            return version;
        }
        if (Status fits = check_compatibility(*type, wanted.version, **compiled); !fits.ok()) return fits.error();
    }
    std::size_t schemas = 0;
    for (const auto& [project, types] : projects) {
        for (const auto& [name, type] : types) schemas += type.versions.size();
    }
    if (schemas >= kSchemas)
        return Error::make(ErrorCode::TooLarge, "a server has at most " + std::to_string(kSchemas) + " schemas");
    version->described = std::move(wanted);
    version->compiled = std::move(compiled).value();
    return version;
}

Status SqliteSchemaRegistry::write(const EventSchema& added) {
    return in_transaction([&]() -> Status {
        auto type = sql::Statement::prepare(connection_.get(), "INSERT OR IGNORE INTO types VALUES(?, ?, ?, ?)");
        if (!type.ok()) return type.error();
        type->bind_text(1, added.project).bind_text(2, added.event_type).bind_text(3, to_string(added.mode));
        if (Status done = type->bind_text(4, to_string(added.compatibility)).run(); !done.ok()) return done;
        auto version = sql::Statement::prepare(connection_.get(), "INSERT INTO versions VALUES(?, ?, ?, ?, ?, ?)");
        if (!version.ok()) return version.error();
        version->bind_text(1, added.project).bind_text(2, added.event_type).bind(3, added.version);
        version->bind_text(4, added.schema).bind(5, added.registered_at.micros).bind_text(6, added.registered_by);
        return version->run();
    });
}

Result<EventSchema> SqliteSchemaRegistry::add(EventSchema wanted) {
    const std::lock_guard lock(writing_);
    wanted.registered_at = clock_.now();
    const auto before = current();
    bool existing = false;
    auto version = prepare(*before, std::move(wanted), existing);
    if (!version.ok()) return version.error();
    const EventSchema& added = (*version)->described;
    if (existing) return added;
    if (Status written = write(added); !written.ok()) return written.error();
    auto next = std::make_shared<Projects>(*before);
    Type& type = (*next)[added.project][added.event_type];
    type.mode = added.mode;
    type.compatibility = added.compatibility;
    type.versions[added.version] = *version;
    publish(std::move(next));
    return added;
}

Result<EventSchema> SqliteSchemaRegistry::try_out(EventSchema wanted) const {
    bool existing = false;
    auto version = prepare(*current(), std::move(wanted), existing);
    if (!version.ok()) return version.error();
    return (*version)->described;
}

Status SqliteSchemaRegistry::set_mode(const std::string& project, const std::string& event_type, SchemaMode mode,
                                      Compatibility compatibility) {
    const std::lock_guard lock(writing_);
    auto next = std::make_shared<Projects>(*current());
    if (find_type(*next, project, event_type) == nullptr) return no_such_type(event_type);
    auto row = sql::Statement::prepare(
        connection_.get(), "UPDATE types SET mode = ?, compatibility = ? WHERE project = ? AND event_type = ?");
    if (!row.ok()) return row.error();
    row->bind_text(1, to_string(mode)).bind_text(2, to_string(compatibility));
    if (Status done = row->bind_text(3, project).bind_text(4, event_type).run(); !done.ok()) return done;
    Type& type = (*next)[project][event_type];
    type.mode = mode;
    type.compatibility = compatibility;
    publish(std::move(next));
    return {};
}

Status SqliteSchemaRegistry::remove(const std::string& project, const std::string& event_type, std::int32_t version) {
    const std::lock_guard lock(writing_);
    auto next = std::make_shared<Projects>(*current());
    const Type* known = find_type(*next, project, event_type);
    if (known == nullptr || !known->versions.contains(version)) return no_such_type(event_type);
    const Status done = in_transaction([&]() -> Status {
        for (const char* const text :
             {"DELETE FROM versions WHERE project = ?1 AND event_type = ?2 AND version = ?3",
              "DELETE FROM types WHERE project = ?1 AND event_type = ?2 AND ?3 IS NOT NULL AND NOT EXISTS"
              " (SELECT 1 FROM versions WHERE project = ?1 AND event_type = ?2)"}) {
            auto row = sql::Statement::prepare(connection_.get(), text);
            if (!row.ok()) return row.error();
            if (Status run = row->bind_text(1, project).bind_text(2, event_type).bind(3, version).run(); !run.ok())
                return run;
        }
        return {};
    });
    if (!done.ok()) return done;
    Types& types = (*next)[project];
    Type& type = types[event_type];
    type.versions.erase(version);
    if (type.versions.empty()) types.erase(event_type);
    if (types.empty()) next->erase(project);
    publish(std::move(next));
    return {};
}

std::vector<EventSchema> SqliteSchemaRegistry::list(const std::string& project) const {
    std::vector<EventSchema> all;
    const auto projects = current();
    for (const auto& [name, types] : *projects) {
        if (!project.empty() && name != project) continue;
        for (const auto& [event_type, type] : types) {
            for (const auto& [number, version] : type.versions) {
                EventSchema& one = all.emplace_back(version->described);
                one.mode = type.mode;
                one.compatibility = type.compatibility;
            }
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const EventSchema& a, const EventSchema& b) {
        return std::tie(a.event_type, a.version) < std::tie(b.event_type, b.version);
    });
    return all;
}

bool SqliteSchemaRegistry::idle(std::string_view project) const {
    if (empty_.load(std::memory_order_acquire)) return true;
    const auto projects = current();
    const auto types = projects->find(project);
    return types == projects->end() || std::all_of(types->second.begin(), types->second.end(), [](const auto& entry) {
               return entry.second.mode == SchemaMode::Off;
           });
}

SchemaRegistry::Verdict SqliteSchemaRegistry::check(std::string_view project, const EventView& event) const {
    if (empty_.load(std::memory_order_acquire)) return {};
    const auto projects = current();
    const Type* const type = find_type(*projects, project, event.event_type);
    if (type == nullptr || type->mode == SchemaMode::Off) return {};
    const auto version = type->versions.find(event.schema_version);
    if (version == type->versions.end()) {
        type->violations->fetch_add(1, std::memory_order_relaxed);
        return {type->mode,
                {"/schema_version", "there is no schema of version " + std::to_string(event.schema_version) + " of " +
                                        std::string(event.event_type)}};
    }
    auto fault = version->second->compiled->check(event.props);
    if (!fault) return {};
    type->violations->fetch_add(1, std::memory_order_relaxed);
    return {type->mode, std::move(*fault)};
}

std::vector<std::pair<std::string, std::uint64_t>> SqliteSchemaRegistry::violations() const {
    std::map<std::string, std::uint64_t> sums;
    const auto projects = current();
    for (const auto& [project, types] : *projects) {
        for (const auto& [name, type] : types) sums[name] += type.violations->load(std::memory_order_relaxed);
    }
    return {sums.begin(), sums.end()};
}

}  // namespace

std::string_view to_string(Compatibility compatibility) {
    return kCompatibilities[static_cast<std::size_t>(compatibility)];
}

std::string_view to_string(SchemaMode mode) {
    return kModes[static_cast<std::size_t>(mode)];
}

std::optional<Compatibility> compatibility_from(std::string_view word) {
    return from_word<Compatibility>(word, kCompatibilities);
}

std::optional<SchemaMode> schema_mode_from(std::string_view word) {
    return from_word<SchemaMode>(word, kModes);
}

Result<std::unique_ptr<SchemaRegistry>> open_schema_registry(const std::string& path, const Clock& clock) {
    auto connection = sql::open(path, true);
    if (!connection.ok()) return connection.error();
    auto registry = std::make_unique<SqliteSchemaRegistry>(std::move(connection).value(), clock);
    if (Status loaded = registry->load(); !loaded.ok()) return loaded.error();
    return std::unique_ptr<SchemaRegistry>(std::move(registry));
}

}  // namespace streamgauge
