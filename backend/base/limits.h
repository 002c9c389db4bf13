// SPDX-License-Identifier: GPL-3.0-or-later
// Every limit on what comes from outside, named once, with the reason. Each has a test at n and at n + 1.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace streamgauge::limits {

// HTTP framing (design: strict, small, the same on both engines)
inline constexpr std::size_t kHeadBytes = 16 * 1024;                 // request line + headers; beyond: 431
inline constexpr std::size_t kHeaderCount = 64;                      // beyond: 431
inline constexpr std::size_t kTargetBytes = 8 * 1024;                // beyond: 414
inline constexpr std::size_t kIngestBodyBytes = 8 * 1024 * 1024;     // compressed and decompressed each; beyond: 413
inline constexpr std::size_t kSmallBodyBytes = 64 * 1024;            // routes that take a small body or none
inline constexpr std::size_t kBodyBytesInFlight = 64 * 1024 * 1024;  // over all connections: stop reading, then 503
inline constexpr std::chrono::seconds kHeadDeadline{10};
inline constexpr std::chrono::seconds kBodyGrace{10};  // then kBodyBytesPerSecond on average
inline constexpr std::size_t kBodyBytesPerSecond = 1024;
inline constexpr std::chrono::seconds kIdleDeadline{60};
inline constexpr std::chrono::seconds kAnswerDrainDeadline{30};
inline constexpr std::size_t kConnections = 4096;
inline constexpr std::size_t kConnectionsPerAddress = 256;
inline constexpr std::size_t kPipelinedRequests = 32;           // then reading stops until answers are out
inline constexpr std::size_t kUnreadAnswerBytes = 1024 * 1024;  // then reading stops; a stream is downgraded, then cut
inline constexpr std::chrono::seconds kStreamHeartbeat{15};
inline constexpr std::size_t kStreamsPerServer = 1024;

// Events
inline constexpr std::size_t kEventsPerRequest = 10'000;  // beyond: 413
inline constexpr std::size_t kEventBytes = 64 * 1024;     // one event's JSON text
inline constexpr std::size_t kJsonDepth = 32;
inline constexpr std::size_t kEventIdBytes = 128;
inline constexpr std::size_t kEventTypeBytes = 128;
inline constexpr std::size_t kUserIdBytes = 256;
inline constexpr std::size_t kSessionIdBytes = 256;
inline constexpr std::size_t kPageUrlBytes = 2048;
inline constexpr std::size_t kPropsBytes = 32 * 1024;
inline constexpr std::size_t kSiteBytes = 255;     // a domain name's most, RFC 1035
inline constexpr std::size_t kSitesPerEvent = 16;  // one request makes as many events; a page belongs to two or three
// What one request may come to, decoded: some dialects say once what belongs to thousands of events. Beyond: 413.
inline constexpr std::size_t kDecodedBytes = 4 * kIngestBodyBytes;
inline constexpr std::size_t kDeadLetterRawBytes = 64 * 1024;
inline constexpr std::chrono::hours kFutureTolerance{24};  // occurred_at further ahead is rejected
inline constexpr std::chrono::hours kDedupHorizon{48};

// Inside
inline constexpr std::size_t kJournalQueueEvents = 100'000;  // accepted by the door, not yet committed; beyond: 503
inline constexpr std::size_t kJournalQueueBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kCommitEvents = 5'000;  // most events of one group commit

}  // namespace streamgauge::limits
