// SPDX-License-Identifier: GPL-3.0-or-later
// One objective on one screen; where that is small, budget and alerts come first and the charts are scrolled to. The charts
// have one cursor, by time.
import QtQuick
import QtQuick.Templates as T
import "../theme"

FocusScope {
    id: view
    required property var app
    readonly property var objectives: app.objectives
    readonly property var detail: objectives.detail
    readonly property bool stale: objectives.stale
    property real cursorTime: -1
    signal changeRequested()
    function place(chart) {
        return cursorTime < 0 || chart.to <= chart.from ? -1 : Math.max(-1, Math.min(1, (cursorTime - chart.from) / (chart.to - chart.from)))
    }
    function move(chart, position) { cursorTime = position < 0 ? -1 : chart.from + position * (chart.to - chart.from) }
    component Chart: TimeChart {
        marks: view.app.marks
        stale: view.stale || view.objectives.historyError !== ""
        cursor: view.place(model)
        onCursorMoved: (position) => view.move(model, position)
        onCopyRequested: (text) => view.app.copy(text, "chart's data")
    }

    Item {
        id: toolbar
        width: parent.width
        height: Theme.controlHeight
        Column {
            anchors.left: parent.left
            anchors.right: tools.left
            anchors.rightMargin: Theme.s3
            anchors.verticalCenter: parent.verticalCenter
            Txt {
                objectName: "objectiveTitle"
                width: parent.width
                text: view.detail.title
                font.pixelSize: 15
                font.weight: Font.DemiBold
                HoverHandler { id: overTitle }
                Tip { text: view.detail.description; shown: overTitle.hovered; x: 0 }
            }
            Txt { objectName: "objectiveSubtitle"; width: parent.width; text: view.detail.subtitle; small: true; muted: true }
        }
        Row {
            id: tools
            anchors.right: parent.right
            spacing: Theme.s2
            Segmented {
                objectName: "objectiveRange"
                label: "Range"
                options: [{"value": 3600, "text": "1h"}, {"value": 21600, "text": "6h"}, {"value": 86400, "text": "24h"},
                          {"value": 604800, "text": "7d"}, {"value": 0, "text": "Window", "tip": "The window of the objective"}]
                value: view.objectives.range
                onChosen: (value) => view.objectives.range = value
            }
            Btn {
                objectName: "changeObjective"
                iconName: "edit"
                tip: "Change this objective (Enter)"
                enabled: view.objectives.canChange
                onClicked: view.changeRequested()
            }
            Btn {
                objectName: "removeObjective"
                iconName: "trash"
                tip: "Remove this objective (Delete)"
                enabled: view.objectives.canChange
                onClicked: view.objectives.askRemove()
            }
        }
    }
    // Where it scrolls it is a picture of its own: the software renderer paints icons that are wholly clipped away.
    Item {
        id: frame
        anchors.fill: parent
        anchors.topMargin: toolbar.height + Theme.s3
        // Later: not while sizes are being told.
        readonly property bool scrolls: scroll.interactive
        onScrollsChanged: Qt.callLater(() => frame.layer.enabled = frame.scrolls)
        Rectangle { anchors.fill: parent; color: Theme.window }
        Flickable {
            id: scroll
            anchors.fill: parent
            clip: true
            readonly property bool small: height < 686
            contentHeight: small ? charts.y + charts.height : height
            boundsBehavior: Flickable.StopAtBounds
            interactive: contentHeight > height
            T.ScrollBar.vertical: ScrollMark {}
            Item {
                id: body
                width: scroll.width - (scroll.interactive ? 12 : 0)
                height: scroll.contentHeight
                readonly property int alertHeight: 36 + 25 + Math.min(5, Math.max(1, view.detail.alerts.count)) * Theme.rowHeight + 44
                readonly property int belowBudget: budget.y + budget.height + Theme.s3
                readonly property int free: scroll.height - tiles.height - alertHeight - 3 * Theme.s3 - (traps.visible ? traps.height + Theme.s2 : 0)
                Row {
                    id: tiles
                    width: parent.width
                    spacing: Theme.s3
                    Repeater {
                        model: view.detail.tiles
                        delegate: Tile {
                            required property int index
                            required property var model
                            objectName: "objectiveTile" + index
                            width: Math.floor((tiles.width - 2 * Theme.s3) / 3)
                            implicitHeight: scroll.small ? 92 : 106
                            title: model.title
                            value: model.value
                            unit: model.unit
                            detail: model.detail
                            tone: model.tone
                            history: model.history
                            stale: view.stale
                        }
                    }
                }
                Rectangle {
                    id: traps
                    objectName: "objectiveWarnings"
                    readonly property var all: view.detail.warnings
                    visible: all.length > 0
                    anchors.top: tiles.bottom
                    anchors.topMargin: Theme.s2
                    width: parent.width
                    height: 28
                    radius: Theme.radiusSmall
                    color: Theme.warningFill
                    border.color: Theme.warning
                    Accessible.role: Accessible.AlertMessage
                    Accessible.name: all.join(". ")
                    Icon { id: trapMark; x: Theme.s2; anchors.verticalCenter: parent.verticalCenter; name: "warning"; size: 14; stroke: 2; color: Theme.warning }
                    Txt {
                        anchors.left: trapMark.right
                        anchors.leftMargin: Theme.s2
                        anchors.right: more.left
                        anchors.rightMargin: Theme.s2
                        height: parent.height
                        text: traps.all.length > 0 ? traps.all[0] : ""
                        small: true
                    }
                    Txt { id: more; anchors.right: parent.right; anchors.rightMargin: Theme.s2; height: parent.height; small: true; muted: true; text: traps.all.length > 1 ? "and " + (traps.all.length - 1) + " more" : "" }
                    HoverHandler { id: overTraps }
                    Tip { text: traps.all.join("\n\n"); shown: overTraps.hovered }
                }
                BudgetChart {
                    id: budget
                    objectName: "budgetChart"
                    y: tiles.height + Theme.s3 + (traps.visible ? traps.height + Theme.s2 : 0)
                    width: parent.width
                    height: scroll.small ? Math.max(130, body.free + Theme.s3) : Math.round(body.free * 0.54)
                    title: "Error budget"
                    subtitle: "left over time; hatched where it is overspent, dashed what may come"
                    model: view.detail.budget
                    fanLow: view.detail.fanLow
                    fanHigh: view.detail.fanHigh
                    marks: view.app.marks
                    stale: view.stale || view.objectives.historyError !== ""
                    cursor: view.place(model)
                    onCursorMoved: (position) => view.move(model, position)
                    onCopyRequested: (text) => view.app.copy(text, "chart's data")
                }
                Row {
                    id: charts
                    y: body.belowBudget + (scroll.small ? body.alertHeight + Theme.s3 : 0)
                    width: parent.width
                    height: scroll.small ? 190 : body.free - budget.height
                    spacing: Theme.s3
                    readonly property int share: Math.floor((width - 2 * Theme.s3) / 3)
                    Chart {
                        objectName: "requestsChart"
                        width: charts.share
                        height: charts.height
                        title: view.detail.unit
                        model: view.detail.requests
                        colors: [Theme.seriesColors[0], Theme.outcomeColors[2]]
                    }
                    Chart {
                        objectName: "errorsChart"
                        width: charts.share
                        height: charts.height
                        title: "Share of bad"
                        model: view.detail.errors
                        colors: [Theme.outcomeColors[2]]
                        lines: view.detail.errorLines
                    }
                    Chart {
                        objectName: "objectiveLatency"
                        visible: view.detail.timed
                        width: charts.width - 2 * (charts.share + Theme.s3)
                        height: charts.height
                        title: view.detail.unit === "Samples" ? "Age" : "Latency"
                        model: view.detail.latency
                        colors: Theme.latencyColors
                        lines: view.detail.latencyLines
                    }
                    Chart {
                        objectName: "burnChart"
                        visible: !view.detail.timed
                        width: charts.width - 2 * (charts.share + Theme.s3)
                        height: charts.height
                        title: "Burn rate"
                        model: view.detail.burn
                        colors: Theme.seriesColors
                        lines: view.detail.burnLines
                    }
                }
                AlertTable {
                    objectName: "alertTable"
                    y: body.belowBudget + (scroll.small ? 0 : body.free - budget.height + Theme.s3)
                    width: parent.width
                    height: scroll.small ? body.alertHeight : body.height - y
                    detail: view.detail
                    stale: view.stale
                }
            }
        }
    }
}
