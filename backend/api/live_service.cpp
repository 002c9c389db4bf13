// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/live_service.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "api/event_tail.h"
#include "api/ingest_stats.h"
#include "api/live_channel.h"
#include "api/overview_builder.h"

namespace streamgauge::api {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPublishInterval{100};  // at most ten messages a second
constexpr milliseconds kSampleDeadline{500};   // then the overview goes on with what is known of the pipeline
constexpr std::size_t kOverviewDeltas = 128;   // about 12 s to resume in
constexpr std::size_t kLoadDeltas = 128;

// One that does not parse takes nothing.
Filter where_of(const TopicFilter& filter) {
    auto parsed = Filter::parse(filter.filter);
    if (!parsed.ok()) parsed = Filter::parse("event_type = x and not event_type = x");
    return std::move(parsed).value();
}

}  // namespace

struct LiveFeed::Impl : std::enable_shared_from_this<LiveFeed::Impl> {
    explicit Impl(LiveSources from)
        : sources(std::move(from)),
          builder(sources),
          overview(sources.epoch, kOverviewDeltas),
          load(sources.epoch, kLoadDeltas) {}

    const LiveSources sources;

    // ---- shared, under mutex ---------------------------------------------------------------------------------------
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::function<void()>> commands;  // run on the live thread
    std::optional<LoadStatus> load_news;
    std::optional<PipelineSample> sample_news;
    bool stopping = false;
    std::atomic<bool> committed{false};  // the journal has something new that no reader has been sent
    std::atomic<bool> watched{false};    // somebody wants to know

    // ---- the live thread -------------------------------------------------------------------------------------------
    using TailKey = std::pair<std::string, std::string>;  // TopicFilter's event_type and filter
    static TailKey key_of(const TopicFilter& filter) { return {filter.event_type, filter.filter}; }
    struct Tail {
        Tail(Journal& journal, const TopicFilter& filter, std::uint64_t epoch)
            : reader(journal, filter.event_type, where_of(filter)), channel(epoch, 0) {}
        EventTailReader reader;
        LiveChannel channel;
    };
    struct Newcomer {
        std::shared_ptr<Subscriber> subscriber;
        std::optional<ResumePoint> resume;
    };
    OverviewBuilder builder;
    LiveChannel overview, load;
    bool overview_watched = false;
    std::map<TailKey, Tail> tails;
    LoadStatus load_status, load_published;
    bool load_changed = false, tails_behind = false, full_second = false;
    std::vector<Newcomer> newcomers;  // to the overview: they wait for the sample
    std::optional<SteadyClock::time_point> sample_asked;
    bool asked_watched = false;
    SteadyClock::time_point tails_due{}, overview_due{}, load_due{};
    SteadyClock::time_point door_due{};  // when the door's counters are looked at without a commit
    bool committed_seen = false;         // `committed` is in the deadline
    std::thread thread;

    void post(std::function<void()> command) {
        {
            const std::lock_guard lock(mutex);
            if (stopping) return;
            commands.push_back(std::move(command));
        }
        changed.notify_one();
    }

    void run();
    SteadyClock::time_point deadline() const;
    void start_second();
    void ask_pipeline();
    void publish_overview();
    void publish_tails();
    void publish_load();
    void prune();
    void add(Topic topic, const TopicFilter& filter, const std::optional<ResumePoint>& resume,
             const std::shared_ptr<Subscriber>& subscriber);
    void snapshot_for(Topic topic, const TailKey& tail, const std::shared_ptr<Subscriber>& subscriber);

    static LiveMessage message(Topic topic) {
        LiveMessage made;
        made.topic = topic;
        return made;
    }
    LiveMessage overview_snapshot() {
        LiveMessage made = message(Topic::Overview);
        made.overview = std::make_shared<const Overview>(builder.snapshot());
        return made;
    }
    LiveMessage load_snapshot() const {
        LiveMessage made = message(Topic::Load);
        made.load = std::make_shared<const LoadStatus>(load_published);
        return made;
    }
    static LiveMessage tail_message(EventTail&& tail) {
        LiveMessage made = message(Topic::Events);
        made.events = std::make_shared<const EventTail>(std::move(tail));
        return made;
    }
};

SteadyClock::time_point LiveFeed::Impl::deadline() const {
    // The next whole second of the server's clock.
    const std::int64_t into = sources.clock.now().micros - floor_to(sources.clock.now(), 1'000'000).micros;
    const auto now = SteadyClock::now();
    SteadyClock::time_point next =
        now + std::chrono::microseconds(std::clamp<std::int64_t>(1'000'000 - into, 1'000, 1'000'000));
    const auto earlier = [&](SteadyClock::time_point t) { next = std::min(next, t); };
    if (sample_asked) earlier(*sample_asked + kSampleDeadline);
    if (load_changed) earlier(load_due);
    if (tails_behind || (committed_seen && !tails.empty())) earlier(tails_due);
    if (overview_watched && !sample_asked) earlier(committed_seen ? overview_due : door_due);
    return next;
}

void LiveFeed::Impl::run() {
    std::vector<std::function<void()>> todo;
    for (;;) {
        const SteadyClock::time_point until = deadline();
        std::optional<PipelineSample> sample;
        {
            std::unique_lock lock(mutex);
            changed.wait_until(lock, until, [this] {
                return stopping || !commands.empty() || load_news || sample_news || (committed && !committed_seen);
            });
            if (stopping) return;
            todo.swap(commands);
            sample = std::exchange(sample_news, std::nullopt);
            if (load_news) {
                load_status = std::move(*load_news);
                load_news.reset();
                load_changed = true;
            }
        }
        for (const auto& command : todo) command();
        todo.clear();
        committed_seen = committed;
        if (builder.second_is_over()) start_second();

        const auto now = SteadyClock::now();
        if (sample) builder.take(std::move(*sample));
        if (sample_asked && (sample || now >= *sample_asked + kSampleDeadline)) {
            sample_asked.reset();
            if (sample && !newcomers.empty() && !asked_watched)
                ask_pipeline();  // it was asked before somebody came, and for less
            else
                publish_overview();
        }
        const bool tails_now = !tails.empty() && now >= tails_due && (committed_seen || tails_behind);
        const bool overview_now = overview_watched && !sample_asked && now >= overview_due &&
                                  (committed_seen || (now >= door_due && builder.door_has_news()));
        if (now >= door_due) door_due = now + kPublishInterval;
        if (tails_now || overview_now) {
            committed = false;
            committed_seen = false;
        }
        if (overview_now) ask_pipeline();
        if (tails_now)
            publish_tails();
        else if (overview_now && !tails.empty())
            tails_behind = true;  // they are not due, and the news must not get lost
        if (load_changed && now >= load_due) publish_load();
    }
}

void LiveFeed::Impl::start_second() {
    builder.start_second();
    full_second = true;
    if (!sample_asked) ask_pipeline();
}

void LiveFeed::Impl::ask_pipeline() {
    sample_asked = SteadyClock::now();
    overview_due = *sample_asked + kPublishInterval;
    asked_watched = overview_watched || !newcomers.empty();
    const SampleRequest request = builder.request(asked_watched);
    sources.pipeline.ask([weak = weak_from_this(), request](const Projection* projection) {
        PipelineSample sample = take_sample(projection, request);
        if (const auto self = weak.lock()) {
            {
                const std::lock_guard lock(self->mutex);
                self->sample_news = std::move(sample);
            }
            self->changed.notify_one();
        }
    });
}

void LiveFeed::Impl::publish_overview() {
    if (!overview_watched && newcomers.empty()) return;
    builder.update();
    if (overview_watched) {
        if (std::optional<Overview> delta = builder.delta(std::exchange(full_second, false))) {
            LiveMessage made = message(Topic::Overview);
            made.overview = std::make_shared<const Overview>(std::move(*delta));
            overview.publish(std::move(made));
        }
    }
    for (Newcomer& newcomer : std::exchange(newcomers, {})) {
        if (newcomer.subscriber->cancelled()) continue;
        if (overview.has(newcomer.subscriber.get()))
            overview.send_snapshot(*newcomer.subscriber, overview_snapshot());
        else
            overview.add(newcomer.subscriber, newcomer.resume, [this] { return overview_snapshot(); });
    }
    prune();
}

void LiveFeed::Impl::publish_tails() {
    tails_due = SteadyClock::now() + kPublishInterval;
    tails_behind = false;
    for (auto& [key, tail] : tails) {
        bool more = false;
        EventTail news = tail.reader.advance(more);
        tails_behind = tails_behind || more;
        if (!news.events.empty() || news.skipped > 0) tail.channel.publish(tail_message(std::move(news)));
    }
}

void LiveFeed::Impl::publish_load() {
    load_due = SteadyClock::now() + kPublishInterval;
    load_changed = false;
    LiveMessage made = message(Topic::Load);
    LoadStatus delta = load_status;
    if (load_published.run_id == load_status.run_id) {
        // A second stays at its place in the list for the whole run.
        delta.seconds.clear();
        for (std::size_t i = 0; i < load_status.seconds.size(); ++i)
            if (i >= load_published.seconds.size() || !(load_status.seconds[i] == load_published.seconds[i]))
                delta.seconds.push_back(load_status.seconds[i]);
    }
    if (load_status == load_published) return;
    load_published = load_status;
    made.load = std::make_shared<const LoadStatus>(std::move(delta));
    load.publish(std::move(made));
}

void LiveFeed::Impl::prune() {
    overview_watched = !overview.prune();
    load.prune();
    for (auto tail = tails.begin(); tail != tails.end();)
        tail = tail->second.channel.prune() ? tails.erase(tail) : std::next(tail);
    watched = overview_watched || !tails.empty();
}

void LiveFeed::Impl::add(Topic topic, const TopicFilter& filter, const std::optional<ResumePoint>& resume,
                         const std::shared_ptr<Subscriber>& subscriber) {
    switch (topic) {
        case Topic::Overview:
            newcomers.push_back({subscriber, resume});
            if (!sample_asked) ask_pipeline();
            break;
        case Topic::Events: {
            Tail& tail = tails.try_emplace(key_of(filter), sources.journal, filter, sources.epoch).first->second;
            tail.channel.add(subscriber, std::nullopt, [&] { return tail_message(tail.reader.newest()); });
            tails_behind = true;  // what came while the snapshot was made
            break;
        }
        case Topic::Load:
            load.add(subscriber, resume, [this] { return load_snapshot(); });
            break;
    }
    prune();
}

void LiveFeed::Impl::snapshot_for(Topic topic, const TailKey& key, const std::shared_ptr<Subscriber>& subscriber) {
    switch (topic) {
        case Topic::Overview:
            newcomers.push_back({subscriber, std::nullopt});
            if (!sample_asked) ask_pipeline();
            break;
        case Topic::Events:
            if (const auto tail = tails.find(key); tail != tails.end())
                tail->second.channel.send_snapshot(*subscriber, tail_message(tail->second.reader.newest()));
            break;
        case Topic::Load:
            load.send_snapshot(*subscriber, load_snapshot());
            break;
    }
}

namespace {

class FeedSubscription final : public Subscription {
public:
    FeedSubscription(std::shared_ptr<Subscriber> subscriber, std::function<void()> snapshot, std::function<void()> gone)
        : subscriber_(std::move(subscriber)), snapshot_(std::move(snapshot)), gone_(std::move(gone)) {}
    ~FeedSubscription() override {
        subscriber_->cancel();
        gone_();
    }
    void request_snapshot() override { snapshot_(); }

private:
    const std::shared_ptr<Subscriber> subscriber_;
    const std::function<void()> snapshot_, gone_;
};

}  // namespace

LiveFeed::LiveFeed(LiveSources sources) : impl_(std::make_shared<Impl>(std::move(sources))) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

LiveFeed::~LiveFeed() {
    stop();
}

std::unique_ptr<Subscription> LiveFeed::subscribe(Topic topic, TopicFilter filter, std::optional<ResumePoint> resume,
                                                  std::function<void(const LiveMessage&)> receive) {
    auto subscriber = std::make_shared<Subscriber>(std::move(receive));
    Impl* const impl = impl_.get();  // commands run on its own thread
    const std::weak_ptr<Impl> weak = impl_;
    impl->post([impl, topic, filter, resume, subscriber] { impl->add(topic, filter, resume, subscriber); });
    return std::make_unique<FeedSubscription>(
        subscriber,
        [weak, topic, key = Impl::key_of(filter), subscriber] {
            if (const auto self = weak.lock())
                self->post([raw = self.get(), topic, key, subscriber] { raw->snapshot_for(topic, key, subscriber); });
        },
        [weak] {
            if (const auto self = weak.lock()) self->post([raw = self.get()] { raw->prune(); });
        });
}

void LiveFeed::journal_committed() {
    if (!impl_->watched.load(std::memory_order_relaxed) || impl_->committed.exchange(true)) return;
    { const std::lock_guard lock(impl_->mutex); }  // the thread is either before its check or already waiting
    impl_->changed.notify_one();
}

void LiveFeed::publish_load(LoadStatus status) {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->load_news = std::move(status);
    }
    impl_->changed.notify_one();
}

void LiveFeed::stop() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->changed.notify_one();
    if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace streamgauge::api
