// SPDX-License-Identifier: GPL-3.0-or-later
// A load run in charts and tables: by the second at the left, as a whole at the right.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Item {
    id: figures
    required property var app
    required property var result
    property bool stale: false
    property real cursor: -1
    readonly property bool wide: width >= 1000
    readonly property bool searching: result.capacity.steps !== undefined

    Flickable {
        id: left
        width: side.x  // the gap is for the bar
        height: parent.height
        contentHeight: charts.implicitHeight
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        T.ScrollBar.vertical: ScrollMark {}
        Column {
            id: charts
            width: left.width - Theme.s3
            spacing: Theme.s3
            readonly property real chartHeight: figures.wide ? Math.max(170, (figures.height - 2 * Theme.s3) * 0.36)
                                                             : Math.max(160, (figures.height - Theme.s3) / 2)
            FactPanel {
                objectName: "loadObjectives"
                visible: !figures.searching && figures.result.objectives.length > 0
                width: parent.width
                title: "Objectives"
                note: figures.result.final ? "windows scaled to the run" : "windows scaled to the run, as far as it is"
                FactTable {
                    width: parent.width
                    toned: "state"
                    rows: figures.result.objectives
                    columns: width < 460
                        ? [{"key": "name", "text": "Objective"}, {"key": "measured", "text": "Measured", "width": 74}, {"key": "spent", "text": "Spent", "width": 56}, {"key": "state", "text": "", "width": 80}]
                        : [{"key": "name", "text": "Objective"}, {"key": "kind", "text": "Kind", "width": 82}, {"key": "target", "text": "Target", "width": 62},
                              {"key": "measured", "text": "Measured", "width": 74}, {"key": "spent", "text": "Budget spent", "width": 92},
                              {"key": "alerts", "text": "Alerts fired", "width": 92}, {"key": "state", "text": "", "width": 80}]
                }
            }
            Flow {
                visible: !figures.searching
                width: parent.width
                spacing: Theme.s3
                readonly property real chartWidth: figures.wide ? (width - Theme.s3) / 2 : width
                TimeChart {
                    width: parent.chartWidth
                    height: charts.chartHeight
                    title: "Requests"
                    model: figures.result.rates
                    colors: Theme.loadColors
                    stale: figures.stale
                    cursor: figures.cursor
                    onCursorMoved: (position) => figures.cursor = position
                    onCopyRequested: (text) => figures.app.copy(text, "chart's data")
                }
                TimeChart {
                    width: parent.chartWidth
                    height: charts.chartHeight
                    title: "Latency"
                    subtitle: roomy ? "from the planned time" : ""
                    model: figures.result.latency
                    colors: Theme.latencyColors
                    stale: figures.stale
                    cursor: figures.cursor
                    onCursorMoved: (position) => figures.cursor = position
                    onCopyRequested: (text) => figures.app.copy(text, "chart's data")
                }
            }
            HeatChart {
                objectName: "loadHeat"
                visible: !figures.searching
                width: parent.width
                height: figures.wide ? Math.max(150, (figures.height - 2 * Theme.s3) * 0.28) : 170
                title: "Heat"
                subtitle: figures.result.rates.zoomed ? "whole run" : "answers by response time"
                model: figures.result.heat
                stale: figures.stale
            }
            LoadSeconds {
                visible: !figures.searching
                width: parent.width
                height: figures.wide ? Math.max(170, (figures.height - 2 * Theme.s3) * 0.36) : 220
                model: figures.result.seconds
            }
            TimeChart {
                id: curve
                objectName: "capacityCurve"
                visible: figures.searching
                width: parent.width
                height: Math.max(190, figures.height * 0.45)
                title: "Latency against rate"
                subtitle: dots.some((dot) => dot.provisional) ? "hollow: the step under way" : ""
                model: figures.result.curve
                colors: Theme.latencyColors
                dots: figures.searching ? figures.result.steps : []
                underlay: Rectangle {
                    readonly property real low: figures.searching ? figures.result.capacity.low : 0
                    readonly property real high: figures.searching ? figures.result.capacity.high : 0
                    readonly property real from: curve.model.from
                    readonly property real to: curve.model.to
                    visible: high > from && low < to
                    x: Math.round(parent.width * Math.max(0, low - from) / (to - from))
                    width: Math.max(2, Math.round(parent.width * (Math.min(high, to) - Math.max(low, from)) / (to - from)))
                    height: parent.height
                    color: Theme.accent
                    opacity: 0.18
                }
                stale: figures.stale
                cursor: figures.cursor
                onCursorMoved: (position) => figures.cursor = position
                onCopyRequested: (text) => figures.app.copy(text, "chart's data")
            }
            FactPanel {
                objectName: "capacitySteps"
                visible: figures.searching
                width: parent.width
                title: "Steps"
                note: "newest first"
                FactTable {
                    width: parent.width
                    rows: figures.searching ? figures.result.capacity.steps : []
                    toned: "verdict"
                    columns: width < 600
                        ? [{"key": "rate", "text": "Rate"}, {"key": "p99", "text": "p99", "width": 58}, {"key": "verdict", "text": "Verdict", "width": 152}]
                        : [{"key": "rate", "text": "Rate"}, {"key": "answered", "text": "Answered", "width": 90},
                           {"key": "p50", "text": "p50", "width": 80}, {"key": "p99", "text": "p99", "width": 80},
                           {"key": "seconds", "text": "Time", "width": 70}, {"key": "verdict", "text": "Verdict", "width": 190}]
                }
            }
        }
    }

    Flickable {
        id: side
        anchors.right: parent.right
        anchors.rightMargin: -Theme.s3
        width: Math.round(Math.max(320, Math.min(360, figures.width * 0.27))) + Theme.s3
        height: parent.height
        contentHeight: facts.implicitHeight
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        T.ScrollBar.vertical: ScrollMark {}
        Column {
            id: facts
            width: side.width - Theme.s3
            spacing: Theme.s3
            FactPanel {
                objectName: "capacityAnswer"
                visible: figures.searching
                width: parent.width
                title: "Capacity"
                FactTable {
                    width: parent.width
                    headed: false
                    wraps: true
                    columns: [{"key": "name"}, {"key": "value", "width": 170}]
                    rows: figures.searching ? [{"name": "Held", "value": figures.result.capacity.rate}, {"name": "Limit, 95 %", "value": figures.result.capacity.interval},
                                               {"name": "Limited by", "value": figures.result.capacity.limiting}, {"name": "In stage", "value": figures.result.capacity.stage}] : []
                }
                Txt {
                    width: parent.width
                    text: figures.searching ? "Has to hold: " + figures.result.capacity.objectives : ""
                    small: true
                    muted: true
                    wrapMode: Text.Wrap
                }
            }
            FactPanel {
                objectName: "loadThresholds"
                visible: !figures.searching
                width: parent.width
                title: "Thresholds"
                FactTable {
                    width: parent.width
                    headed: false
                    wraps: true
                    toned: "state"
                    rows: figures.result.thresholds
                    columns: [{"key": "text"}, {"key": "measured", "width": 72}, {"key": "state", "width": 72}]
                }
                Txt { visible: figures.result.thresholds.length === 0; text: "None was set."; faint: true }
            }
            FactPanel {
                visible: !figures.searching
                width: parent.width
                title: "Latency"
                FactTable {
                    width: parent.width
                    rows: figures.result.durations
                    columns: [{"key": "name", "text": ""}, {"key": "p50", "text": "p50", "width": 54}, {"key": "p95", "text": "p95", "width": 54},
                              {"key": "p99", "text": "p99", "width": 54}, {"key": "max", "text": "Max", "width": 54}]
                }
            }
            FactPanel {
                objectName: "loadOutcomes"
                visible: !figures.searching
                width: parent.width
                title: "Answers"
                FactTable {
                    width: parent.width
                    headed: false
                    wraps: true
                    toned: "name"
                    rows: figures.result.outcomes
                    columns: [{"key": "name"}, {"key": "count", "width": 72}, {"key": "shareText", "width": 58}]
                }
            }
            FactPanel {
                visible: figures.result.objectiveNotes.length > 0
                width: parent.width
                title: "Budgets and alerts"
                Repeater {
                    model: figures.result.objectiveNotes
                    delegate: Txt {
                        required property string modelData
                        width: parent ? parent.width : 0
                        text: modelData
                        small: true
                        muted: true
                        wrapMode: Text.Wrap
                        elide: Text.ElideNone
                    }
                }
            }
            FactPanel {
                objectName: "loadCertificate"
                visible: !figures.searching && figures.result.certificateText !== ""
                width: parent.width
                title: "The generator"
                note: figures.result.certificate
                Row {
                    width: parent.width
                    spacing: 6
                    Icon {
                        id: seal
                        visible: name !== ""
                        name: Theme.toneIcon(figures.result.certificateTone)
                        size: 14
                        stroke: 2.2
                        y: 3
                        color: Theme.tone(figures.result.certificateTone)
                    }
                    Txt {
                        width: parent.width - (seal.visible ? seal.width + 6 : 0)
                        text: figures.result.certificateText
                        wrapMode: Text.Wrap
                        elide: Text.ElideNone
                    }
                }
                Repeater {
                    model: figures.result.certificateReasons
                    delegate: Txt {
                        required property string modelData
                        width: parent ? parent.width : 0
                        text: modelData
                        small: true
                        muted: true
                        wrapMode: Text.Wrap
                        elide: Text.ElideNone
                    }
                }
            }
            FactPanel {
                visible: figures.result.endToEnd.length > 0
                width: parent.width
                title: "End to end"
                FactTable {
                    width: parent.width
                    headed: false
                    toned: "value"
                    rows: figures.result.endToEnd
                    columns: [{"key": "name"}, {"key": "value", "width": 130}]
                }
            }
            FactPanel {
                objectName: "loadKinds"
                visible: figures.result.kinds.length > 0
                width: parent.width
                title: "By kind of request"
                FactTable {
                    width: parent.width
                    toned: "failed"
                    rows: figures.result.kinds
                    columns: [{"key": "name", "text": ""}, {"key": "sent", "text": "Sent", "width": 62}, {"key": "failed", "text": "Failed", "width": 62},
                              {"key": "p95", "text": "p95", "width": 62}]
                }
            }
            FactPanel {
                visible: figures.result.stages.length > 0
                width: parent.width
                title: "In the server"
                note: "by its own account"
                FactTable {
                    width: parent.width
                    rows: figures.result.stages
                    columns: [{"key": "name", "text": "Stage"}, {"key": "p50", "text": "p50", "width": 80}, {"key": "p99", "text": "p99", "width": 80}]
                }
            }
            FactPanel {
                visible: figures.result.hand.length > 0
                width: parent.width
                title: "By hand"
                FactTable {
                    width: parent.width
                    headed: false
                    rows: figures.result.hand
                    columns: [{"key": "text"}, {"key": "at", "width": 70}]
                }
            }
        }
    }
}
