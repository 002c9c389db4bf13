// SPDX-License-Identifier: GPL-3.0-or-later
// A door that stands open: everybody may send to the project "default", as much as they like.
#pragma once

#include "api/ingest_policy.h"

namespace streamgauge::test {

class OpenIngestPolicy final : public api::IngestPolicy {
public:
    Result<auth::PrincipalPtr> sender(const Caller& caller, std::string_view) override {
        return caller.principal ? caller.principal : anonymous_;
    }
    std::string project_of_site(const auth::Principal& sender, std::string_view) override { return sender.project; }
    Status take_events(const Caller&, const auth::Principal&, std::uint64_t) override { return {}; }

private:
    const auth::PrincipalPtr anonymous_ = std::make_shared<const auth::Principal>();
};

}  // namespace streamgauge::test
