// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_runs_view_model.h"

#include <QDateTime>

#include <algorithm>

#include "viewmodels/format.h"
#include "viewmodels/load_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr std::size_t kRunsAsked = 500;

QString text_of(const std::string& text) {
    return QString::fromStdString(text);
}

// A search has no generator's certificate.
bool is_search(const api::StoredLoadRun& run) {
    return run.verdict.empty();
}

QString verdict_of(const api::StoredLoadRun& run) {
    if (run.state == "interrupted") return u"Interrupted"_s;
    if (run.state == "stopped" && (run.passed || is_search(run))) return u"Stopped"_s;
    if (is_search(run)) return run.passed ? u"Found"_s : u"Not found"_s;
    return !run.passed || run.state == "failed" ? u"Failed"_s : u"Passed"_s;
}

QString tone_of(const api::StoredLoadRun& run) {
    if (run.state == "interrupted") return u"warning"_s;
    if (is_search(run)) return run.passed ? u"good"_s : run.state == "stopped" ? u"none"_s : u"warning"_s;
    if (!run.passed || run.state == "failed") return u"bad"_s;
    if (run.verdict == "invalid") return u"warning"_s;
    return run.state == "stopped" ? u"none"_s : u"good"_s;
}

QString when(const api::StoredLoadRun& run) {
    return QDateTime::fromMSecsSinceEpoch(run.started_at.micros / 1000).toString(u"d MMM HH:mm"_s);
}

QString value_text(const std::string& measure, double value) {
    if (measure == "capacity") return viewmodels::rate(value).text();
    return measure.ends_with("_share") ? percent(value).text() : milliseconds(value).text();
}

// "+12 ms", "−3.1 %".
QString change_text(const std::string& measure, double change) {
    const QString sign = change < 0 ? u"−"_s : u"+"_s;
    const double size = std::abs(change);
    return sign + value_text(measure, size);
}

QString tone_of(loadgen::ChangeVerdict verdict) {
    switch (verdict) {
        case loadgen::ChangeVerdict::Better:
            return u"good"_s;
        case loadgen::ChangeVerdict::Worse:
            return u"bad"_s;
        default:
            return u"none"_s;
    }
}

QString sentence_of(const loadgen::RunComparison& comparison) {
    QStringList worse, better;
    for (const loadgen::MeasureChange& measure : comparison.measures) {
        if (measure.verdict == loadgen::ChangeVerdict::Worse) worse += measure_name(measure.measure);
        if (measure.verdict == loadgen::ChangeVerdict::Better) better += measure_name(measure.measure);
    }
    switch (comparison.verdict) {
        case loadgen::ChangeVerdict::NoDifference:
            return u"No detectable difference: every change may be chance, or is too small to matter."_s;
        case loadgen::ChangeVerdict::TooFew:
            return u"Too few answers to tell."_s;
        default:
            break;
    }
    QStringList parts;
    if (!worse.isEmpty()) parts += u"Worse in "_s + worse.join(u", "_s);
    if (!better.isEmpty()) parts += (worse.isEmpty() ? u"Better in "_s : u"better in "_s) + better.join(u", "_s);
    return parts.join(u"; "_s) + u'.';
}

}  // namespace

LoadRunsViewModel::LoadRunsViewModel(client::BackendClient& client, BackgroundWork& work, QObject* parent)
    : QObject(parent),
      client_(client),
      work_(work),
      overlay_rates_({{u"Before"_s, u"After"_s},
                      false,
                      run_time,
                      [](double y) { return viewmodels::rate(y).text(); },
                      [](double y) { return trimmed(viewmodels::rate(y)); }}),
      overlay_latency_({{u"Before"_s, u"After"_s},
                        false,
                        run_time,
                        [](double y) { return milliseconds(y).text(); },
                        [](double y) { return trimmed(milliseconds(y)); }}),
      overlay_curve_({{u"Before"_s, u"After"_s},
                      false,
                      [](double x) { return trimmed(viewmodels::rate(x)); },
                      [](double y) { return milliseconds(y).text(); },
                      [](double y) { return trimmed(milliseconds(y)); }}) {
    overlay_rates_.zoom_together(overlay_latency_);
}

QString LoadRunsViewModel::phase() const {
    if (listed_) return runs_.empty() ? u"empty"_s : u"data"_s;
    if (!error_.isEmpty()) return u"error"_s;
    const client::ConnectionState state = client_.state();
    if (state == client::ConnectionState::Failed || state == client::ConnectionState::Degraded) return u"error"_s;
    return u"loading"_s;
}

void LoadRunsViewModel::refresh() {
    if (listing_ || client_.state() != client::ConnectionState::Live || !client_.has_feature("load")) return;
    listing_ = true;
    client_.load().list_runs(kRunsAsked, this, [this](Result<std::vector<api::StoredLoadRun>> found) {
        listing_ = false;
        if (found.ok()) {
            listed_ = true;
            error_.clear();
            runs_ = std::move(found).value();
            if (!baseline_.isEmpty() && !find(baseline_)) compareWith({});
            if (!selected_.isEmpty() && !find(selected_)) {
                selected_.clear();
                run_.clear();
            }
            if (selected_.isEmpty() && !runs_.empty()) select(text_of(runs_.front().id));
            Q_EMIT listed();
        } else if (found.error().code != ErrorCode::Cancelled) {
            error_ = text_of(found.error().describe());
        }
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

const api::StoredLoadRun* LoadRunsViewModel::find(const QString& id) const {
    const std::string wanted = id.toStdString();
    const auto found =
        std::find_if(runs_.begin(), runs_.end(), [&](const api::StoredLoadRun& run) { return run.id == wanted; });
    return found == runs_.end() ? nullptr : &*found;
}

void LoadRunsViewModel::set_search(const QString& search) {
    if (search == search_) return;
    search_ = search;
    Q_EMIT changed();
}

// Every word of the search is somewhere in what the row says.
bool LoadRunsViewModel::shows(const api::StoredLoadRun& run) const {
    const QString all = text_of(run.name) + u' ' + text_of(run.url) + u' ' + text_of(run.by) + u' ' + verdict_of(run) +
                        u' ' + text_of(run.verdict) + u' ' + when(run) + u' ' + text_of(run.id);
    const QStringList words = search_.split(u' ', Qt::SkipEmptyParts);
    return std::all_of(words.begin(), words.end(),
                       [&](const QString& word) { return all.contains(word, Qt::CaseInsensitive); });
}

QVariantList LoadRunsViewModel::rows() const {
    QVariantList rows;
    for (const api::StoredLoadRun& run : runs_) {
        if (!shows(run)) continue;
        const std::uint64_t ended = run.good + run.bad;
        const QString p95 = ended > 0 ? milliseconds(run.p95_ms).text() : none();
        const QString failed =
            ended > 0 ? percent(static_cast<double>(run.bad) / static_cast<double>(ended)).text() : none();
        const QString facts = is_search(run)
                                  ? QString(u"p99 "_s + milliseconds(run.p99_ms).text() + u" where it held"_s)
                                  : QString(u"p95 "_s + p95 + u" · "_s + failed + u" failed"_s);
        rows += QVariantMap{{u"id"_s, text_of(run.id)},
                            {u"name"_s, text_of(run.name)},
                            {u"when"_s, when(run)},
                            {u"by"_s, run.by.empty() ? u"command line"_s : text_of(run.by)},
                            {u"url"_s, text_of(run.url)},
                            {u"verdict"_s, verdict_of(run)},
                            {u"tone"_s, tone_of(run)},
                            {u"generator"_s, run.verdict == "valid" ? QString() : text_of(run.verdict)},
                            {u"p95"_s, p95},
                            {u"facts"_s, facts},
                            {u"length"_s, duration(run.seconds)}};
    }
    return rows;
}

void LoadRunsViewModel::select(const QString& id) {
    if (id == selected_ || !find(id)) return;
    selected_ = id;
    notice_.clear();
    comparison_.reset();
    run_.clear();
    clear_overlays();
    ask_report();
    if (comparing()) ask_comparison();
    Q_EMIT changed();
}

void LoadRunsViewModel::step(int by) {
    const QVariantList shown = rows();
    for (qsizetype i = 0; i < shown.size(); ++i) {
        if (shown[i].toMap()[u"id"_s].toString() != selected_) continue;
        const qsizetype next = std::clamp<qsizetype>(i + by, 0, shown.size() - 1);
        return select(shown[next].toMap()[u"id"_s].toString());
    }
    if (!shown.isEmpty()) select(shown.front().toMap()[u"id"_s].toString());
}

void LoadRunsViewModel::read(const QString& id, std::function<void(const Result<LoadReadingPtr>&)> done) {
    client_.load().run_report(id.toStdString(), this, [this, done = std::move(done)](Result<std::string> text) mutable {
        if (!text.ok()) return done(text.error());
        work_.run(
            this, [text = std::move(text).value()] { return read_load_report(text); }, std::move(done));
    });
}

void LoadRunsViewModel::ask_report() {
    read(selected_, [this, id = selected_](const Result<LoadReadingPtr>& reading) {
        if (id != selected_) return;
        if (reading.ok()) {
            run_.show(*reading);
            lay_over();
        } else if (reading.error().code != ErrorCode::Cancelled) {
            notice_ = u"The report cannot be read: "_s + text_of(reading.error().describe());
        }
        Q_EMIT changed();
    });
}

// ---- two runs

QString LoadRunsViewModel::baseline_name() const {
    const api::StoredLoadRun* run = find(baseline_);
    return run ? QString(text_of(run->name) + u", "_s + when(*run)) : QString();
}

void LoadRunsViewModel::compareWith(const QString& id) {
    baseline_ = id;
    before_.reset();
    comparison_.reset();
    notice_.clear();
    clear_overlays();
    if (!baseline_.isEmpty()) {
        read(id, [this, id](const Result<LoadReadingPtr>& reading) {
            if (id != baseline_) return;
            if (reading.ok()) {
                before_ = *reading;
                lay_over();
            } else {
                notice_ = u"The report cannot be read: "_s + text_of(reading.error().describe());
            }
            Q_EMIT changed();
        });
    }
    if (comparing()) ask_comparison();
    Q_EMIT changed();
}

void LoadRunsViewModel::lay_over() {
    const LoadReadingPtr& after = run_.reading();
    if (!before_ || !after) return;
    if (before_->run && after->run) overlay(*before_->run, *after->run, overlay_rates_, overlay_latency_);
    if (before_->search && after->search) overlay(*before_->search, *after->search, overlay_curve_);
}

// Until both reports of another pair are read: the names above are theirs already.
void LoadRunsViewModel::clear_overlays() {
    for (ChartModel* chart : {&overlay_rates_, &overlay_latency_, &overlay_curve_}) {
        chart->unzoom();
        chart->set(0, 1, {}, {{}, {}});
    }
}

void LoadRunsViewModel::ask_comparison() {
    const api::StoredLoadRun *before = find(baseline_), *after = find(selected_);
    if (before && after && is_search(*before) != is_search(*after)) {
        notice_ = u"A search for capacity can be compared with another search only, and a run with a run."_s;
        return;
    }
    client_.load().compare_runs(baseline_.toStdString(), selected_.toStdString(), this,
                                [this, before = baseline_, after = selected_](Result<loadgen::RunComparison> found) {
                                    if (before != baseline_ || after != selected_) return;
                                    if (found.ok()) {
                                        comparison_ = std::move(found).value();
                                    } else {
                                        notice_ = u"They cannot be compared: "_s + text_of(found.error().describe());
                                    }
                                    Q_EMIT changed();
                                });
}

QVariantMap LoadRunsViewModel::comparison() const {
    if (!comparison_ || !comparing()) return {};
    QVariantList measures;
    for (const loadgen::MeasureChange& measure : comparison_->measures) {
        const bool told = measure.verdict != loadgen::ChangeVerdict::TooFew;
        measures += QVariantMap{{u"name"_s, measure_name(measure.measure)},
                                {u"before"_s, told ? value_text(measure.measure, measure.before) : none()},
                                {u"after"_s, told ? value_text(measure.measure, measure.after) : none()},
                                {u"change"_s, told ? change_text(measure.measure, measure.change) : none()},
                                {u"interval"_s, told ? QString(change_text(measure.measure, measure.low) + u" to "_s +
                                                               change_text(measure.measure, measure.high))
                                                     : none()},
                                {u"word"_s, measure.verdict == loadgen::ChangeVerdict::NoDifference
                                                ? u"none detectable"_s
                                                : text_of(std::string(loadgen::to_string(measure.verdict)))},
                                {u"tone"_s, tone_of(measure.verdict)}};
    }
    QStringList warnings;
    for (const std::string& warning : comparison_->warnings) warnings += text_of(warning);
    return {{u"verdict"_s, text_of(std::string(loadgen::to_string(comparison_->verdict)))},
            {u"tone"_s, tone_of(comparison_->verdict)},
            {u"sentence"_s, sentence_of(*comparison_)},
            {u"measures"_s, measures},
            {u"warnings"_s, warnings}};
}

// ---- removal and files

QString LoadRunsViewModel::removing() const {
    const api::StoredLoadRun* run = find(removing_);
    return run ? QString(text_of(run->name) + u", "_s + when(*run)) : QString();
}

void LoadRunsViewModel::askRemove() {
    removing_ = selected_;
    Q_EMIT changed();
}

void LoadRunsViewModel::keep() {
    removing_.clear();
    Q_EMIT changed();
}

void LoadRunsViewModel::remove() {
    if (removing_.isEmpty()) return;
    client_.load().remove_run(removing_.toStdString(), this, [this](const Result<bool>& done) {
        if (!done.ok()) notice_ = text_of(done.error().describe());
        refresh();
        Q_EMIT changed();
    });
    keep();
}

void LoadRunsViewModel::give_out(const LoadResult& run, const QString& kind) {
    const LoadReadingPtr reading = run.reading();
    if (!reading) return;
    QString ending = kind;
    if (kind == "junit"_L1) ending = u"xml"_s;
    if (kind == "hdr"_L1) ending = u"hlog"_s;
    if (kind == "summary"_L1) ending = u"summary.json"_s;
    QString name = text_of(reading->name()).replace(u' ', u'-').replace(u'/', u'-');
    if (reading->search) name += u"-capacity"_s;
    work_.run(
        this, [reading, kind = kind.toStdString()] { return load_report_as(*reading, kind); },
        [this, name = QString(name + u'.' + ending)](const std::string& text) {
            if (!text.empty()) Q_EMIT saveWanted(name, QByteArray::fromStdString(text));
        });
}

void LoadRunsViewModel::told(const QString& notice) {
    notice_ = notice;
    Q_EMIT changed();
}

}  // namespace streamgauge::viewmodels
