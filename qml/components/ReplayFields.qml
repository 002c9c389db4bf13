// SPDX-License-Identifier: GPL-3.0-or-later
// Which recorded traffic a load run sends again, and how fast.
import QtQuick
import "../theme"

Column {
    id: replay
    required property var scenario
    readonly property var form: scenario.form
    readonly property bool ofLog: form["replay.access_log"] !== ""
    readonly property real half: Math.floor((width - Theme.s2) / 2)
    spacing: Theme.s2
    component Value: ScenarioField {
        scenario: replay.scenario
        value: String(replay.form[member])
    }

    Txt {
        width: parent.width
        text: "Sends again what was received, each request as long after the first as it came then. This server replays its own journal only (own); a file or another server's directory is replayed by streamgauged load FILE."
        muted: true
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
    Flow {
        width: parent.width
        spacing: Theme.s2
        Value { width: replay.half; member: "replay.journal"; label: "Journal"; mono: true; tip: "own: that of the server which runs it; or a data directory" }
        Value { width: replay.half; member: "replay.access_log"; label: "or access log"; mono: true; tip: "A file; then no journal" }
        Value { width: replay.half; member: "replay.from"; label: "Received from"; mono: true; tip: "Such as 2026-01-31T10:00:00Z; empty: all" }
        Value { width: replay.half; member: "replay.to"; label: "and before"; mono: true; tip: "Such as 2026-01-31T11:00:00Z; empty: all" }
        Value { width: replay.half; member: "replay.speed"; label: "Speed"; unit: "×"; tip: "So many times as fast as it was" }
        Value { width: replay.half; visible: !replay.ofLog; member: "replay.project"; label: "Project"; mono: true; tip: "Only its events; empty: all" }
    }
    ScenarioFault { scenario: replay.scenario; member: "replay" }
    CheckLine {
        objectName: "scenario_replay.keep_ids"
        visible: !replay.ofLog
        width: parent.width
        text: "Keep ids (known ones count as duplicates)"
        checked: replay.form["replay.keep_ids"] === true
        onToggled: replay.scenario.set("replay.keep_ids", checked ? "true" : "false")
    }
    CheckLine {
        objectName: "scenario_replay.keep_times"
        visible: !replay.ofLog
        width: parent.width
        text: "Keep times (otherwise events occur now)"
        checked: replay.form["replay.keep_times"] === true
        onToggled: replay.scenario.set("replay.keep_times", checked ? "true" : "false")
    }
}
