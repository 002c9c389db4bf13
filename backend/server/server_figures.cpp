// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/server_figures.h"

#include "api/analyst.h"
#include "api/dead_letter_service.h"
#include "api/ingest_service.h"
#include "api/ingest_stats.h"
#include "api/ledger.h"
#include "journal/journal.h"
#include "server/disk_guard.h"
#include "server/listeners.h"

namespace streamgauge {

ServerFigures server_figures(const FigureSources& from) {
    ServerFigures out;
    const PipelineStatus pipeline = from.pipeline.status();
    const PipelineLag lag = from.pipeline.lag();
    out.ledger = api::ledger_of(from.journal, pipeline.state);
    out.aggregation = pipeline.state;
    out.metrics = pipeline.metrics;
    out.lag_events = lag.events;
    out.lag_seconds = lag.seconds;
    out.journal_pending = from.journal.pending();
    const DedupFigures dedup = from.journal.dedup();
    out.dedup_horizon_seconds = dedup.known_seconds;
    out.dedup_memory_bytes = dedup.memory_bytes;
    out.bots = from.ingest_stats.total_bots();
    out.off_schema = from.ingest_stats.total_off_schema();
    static_cast<void>(from.disk.may_store(from.clock.now()));  // looks, where it has not done so lately
    out.disk_used_percent = from.disk.used_percent();
    out.disk_refused = from.disk.refused_requests();
    out.connections = from.listeners.counters();
    out.certificate_seconds = from.listeners.certificate_seconds();
    out.dead_letters = from.letters.figures();
    out.dead_letters_not_kept = from.journal.counters().dead_letters_not_kept;
    const query::CacheFigures answers = from.analyst.cache().figures();
    out.answers_hit = answers.hits;
    out.answers_missed = answers.misses;
    out.answers_invalidated = answers.invalidated;
    out.answers_bytes = answers.bytes;
    const api::QuestionFigures questions = from.analyst.figures();
    out.questions_asked = questions.asked;
    out.questions_cancelled = questions.cancelled;
    out.questions_waiting = questions.waiting;
    if (from.canary != nullptr) out.canary = from.canary->status();
    out.pipeline_ok = !pipeline.failure;
    out.storage_ok = !pipeline.failure && !from.ingest.failure();
    return out;
}

}  // namespace streamgauge
