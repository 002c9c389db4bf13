// SPDX-License-Identifier: GPL-3.0-or-later
// What is measured, and what does it say? Definitions on the left, one of them over time on the right.
import QtQuick
import QtQuick.Templates as T
import "../components"
import "../theme"

FocusScope {
    id: page
    required property var app
    readonly property var metrics: app.metrics
    readonly property bool editing: metrics.editor.open
    readonly property bool asking: metrics.removing !== ""
    onAskingChanged: if (asking) removeQuestion.open(list)

    StateCard {
        objectName: "metricsLoading"
        anchors.centerIn: parent
        visible: page.metrics.phase === "loading"
        waiting: true
        iconName: "clock"
        title: page.app.connection.live ? "Reading the metrics …" : page.app.connection.stateText + " …"
        text: "The list of metrics is on its way."
    }
    StateCard {
        objectName: "metricsError"
        anchors.centerIn: parent
        visible: page.metrics.phase === "error"
        tone: "bad"
        iconName: "cross"
        title: page.metrics.errorText !== "" ? "The metrics cannot be read" : "No connection to " + page.app.connection.endpoint
        text: page.metrics.errorText !== "" ? page.metrics.errorText : page.app.connection.errorText
        Row {
            spacing: Theme.s2
            Btn {
                text: "Try again"
                primary: true
                onClicked: page.app.connection.live ? page.metrics.refresh() : page.app.connection.reconnect()
            }
        }
    }
    StateCard {
        objectName: "metricsNone"
        anchors.centerIn: parent
        visible: page.metrics.phase === "none"
        iconName: "metrics"
        title: "This server does not show its metrics"
        text: "It says so itself: the feature is missing, or it is not for you. The Overview has its live numbers."
    }
    StateCard {
        objectName: "metricsEmpty"
        anchors.centerIn: parent
        visible: page.metrics.phase === "empty" && !page.editing
        tone: "accent"
        iconName: "metrics"
        title: "No metric is defined"
        text: "Define one here, write it into metrics.toml in the data directory, or send it to /api/v1/metrics."
        Btn { text: "Define one"; iconName: "plus"; primary: true; onClicked: page.metrics.define() }
    }

    Item {
        id: content
        anchors.fill: parent
        anchors.margins: Theme.s4
        visible: page.metrics.phase === "data" || (page.editing && page.metrics.phase === "empty")

        Banner {
            id: banner
            objectName: "metricsBanner"
            width: parent.width
            readonly property bool unanswered: page.metrics.shown.errorText !== "" && page.metrics.shown.phase !== "error"
            visible: page.metrics.stale || unanswered || page.metrics.errorText !== "" || page.metrics.notice !== ""
            height: visible ? implicitHeight : 0
            tone: page.app.connection.state === "failed" ? "bad" : "warning"
            title: page.metrics.stale ? "These numbers are old" : page.metrics.notice !== "" ? "That did not work"
                   : unanswered ? "These points are old" : "The list may be old"
            text: page.metrics.stale ? page.app.connection.errorText
                  : page.metrics.notice !== "" ? page.metrics.notice : unanswered ? page.metrics.shown.errorText : page.metrics.errorText
            canRetry: page.metrics.stale
            onRetry: page.app.connection.reconnect()
            onCopy: page.app.copy(text, "error")
        }
        Panel {
            id: side
            anchors.top: banner.bottom
            anchors.topMargin: banner.visible ? Theme.s3 : 0
            anchors.bottom: parent.bottom
            width: Math.round(Math.min(320, Math.max(220, parent.width * 0.24)))
            title: "Metrics"
            note: list.count
            tools: Btn {
                objectName: "defineMetric"
                anchors.verticalCenter: parent.verticalCenter
                iconName: "plus"
                tip: "Define a new metric (N)"
                onClicked: page.metrics.define()
            }
            Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
            ListView {
                id: list
                objectName: "metricList"
                anchors.fill: parent
                anchors.margins: 1
                clip: true
                focus: true
                activeFocusOnTab: true
                model: page.metrics.metrics
                boundsBehavior: Flickable.StopAtBounds
                keyNavigationEnabled: false
                T.ScrollBar.vertical: ScrollMark {}
                Accessible.role: Accessible.List
                Accessible.name: "Metrics"
                function step(by) {
                    for (let i = 0; i < count; ++i) {
                        const row = itemAtIndex(i)
                        if (!row || row.name !== page.metrics.selected) continue
                        const next = Math.max(0, Math.min(count - 1, i + by))
                        positionViewAtIndex(next, ListView.Contain)
                        const chosen = itemAtIndex(next)
                        if (chosen) page.metrics.selected = chosen.name
                        return
                    }
                }
                Keys.onDownPressed: step(1)
                Keys.onUpPressed: step(-1)
                Keys.onReturnPressed: page.metrics.change()
                Keys.onDeletePressed: page.metrics.askRemove()
                Keys.onPressed: (event) => {
                    if (event.key !== Qt.Key_N || event.modifiers !== Qt.NoModifier) return
                    page.metrics.define()
                    event.accepted = true
                }
                delegate: Rectangle {
                    id: row
                    required property string name
                    required property string detail
                    required property string owner
                    required property bool filling
                    required property real progress
                    required property string progressText
                    readonly property bool current: name === page.metrics.selected
                    objectName: "metricRow"
                    width: ListView.view ? ListView.view.width : 0
                    height: filling ? 62 : 48
                    color: current ? Theme.selected : over.hovered ? Theme.hover : "transparent"
                    Accessible.role: Accessible.ListItem
                    Accessible.name: name + ", " + detail
                    Txt {
                        x: Theme.s3
                        y: 6
                        width: parent.width - 2 * x - ownerText.implicitWidth - Theme.s2
                        text: row.name
                        strong: true
                    }
                    Txt {
                        id: ownerText
                        anchors.right: parent.right
                        anchors.rightMargin: Theme.s3
                        y: 8
                        text: row.owner
                        small: true
                        faint: true
                    }
                    Txt {
                        x: Theme.s3
                        y: 25
                        width: parent.width - 2 * x
                        text: row.detail
                        small: true
                        muted: true
                    }
                    Rectangle {
                        visible: row.filling
                        x: Theme.s3
                        y: 46
                        width: 60
                        height: 4
                        radius: 2
                        color: Theme.line
                        Rectangle { width: parent.width * row.progress; height: parent.height; radius: 2; color: Theme.accent }
                    }
                    Txt {
                        visible: row.filling
                        x: Theme.s3 + 68
                        y: 40
                        width: parent.width - x - Theme.s3
                        text: row.progressText
                        small: true
                        faint: true
                    }
                    HoverHandler { id: over }
                    TapHandler {
                        onTapped: {
                            list.forceActiveFocus()
                            page.metrics.selected = row.name
                        }
                    }
                }
            }
            FocusRing { target: list; radius: Theme.radius; anchors.margins: 0 }
        }

        MetricEditor {
            id: editor
            anchors.fill: main
            app: page.app
            visible: page.editing
            onClosed: list.forceActiveFocus()
        }
        Item {
            id: main
            visible: !page.editing
            anchors.left: side.right
            anchors.leftMargin: Theme.s3
            anchors.right: parent.right
            anchors.top: side.top
            anchors.bottom: parent.bottom

            Item {
                id: toolbar
                width: parent.width
                height: Theme.controlHeight
                Segmented {
                    id: ranges
                    objectName: "metricRange"
                    label: "Range"
                    options: [{"value": 900, "text": "15m"}, {"value": 3600, "text": "1h"}, {"value": 21600, "text": "6h"},
                              {"value": 86400, "text": "24h"}, {"value": 604800, "text": "7d"}, {"value": 2592000, "text": "30d"}]
                    value: page.metrics.range
                    onChosen: (value) => page.metrics.range = value
                }
                Txt {
                    id: stepLabel
                    anchors.left: ranges.right
                    anchors.leftMargin: Theme.s4
                    height: parent.height
                    text: "Step"
                    small: true
                    faint: true
                }
                Row {
                    anchors.right: parent.right
                    spacing: Theme.s1
                    Btn {
                        objectName: "changeMetric"
                        iconName: "edit"
                        enabled: page.metrics.canChange
                        tip: enabled ? "Change this metric (Enter)" : ""
                        onClicked: page.metrics.change()
                    }
                    Btn {
                        objectName: "removeMetric"
                        iconName: "trash"
                        enabled: page.metrics.canChange
                        tip: enabled ? "Remove this metric (Delete)" : ""
                        onClicked: page.metrics.askRemove()
                    }
                    HoverHandler { id: overButtons }
                    Tip { text: page.metrics.fixedText !== "" ? "Not to be changed here: " + page.metrics.fixedText : ""; shown: overButtons.hovered }
                }
                Segmented {
                    objectName: "metricStep"
                    anchors.left: stepLabel.right
                    anchors.leftMargin: Theme.s2
                    label: "Step"
                    options: page.metrics.steps
                    value: page.metrics.step
                    onChosen: (value) => page.metrics.step = value
                }
            }
            Flow {
                id: labels
                objectName: "metricLabels"
                anchors.top: toolbar.bottom
                anchors.topMargin: Theme.s2
                width: parent.width
                spacing: 6
                Repeater {
                    model: page.metrics.shown.labels
                    delegate: Rectangle {
                        required property string modelData
                        width: Math.min(labelText.implicitWidth + 18, labels.width)
                        height: 22
                        radius: 11
                        color: "transparent"
                        border.color: Theme.lineStrong
                        Txt { id: labelText; anchors.centerIn: parent; width: Math.min(implicitWidth, parent.width - 18); text: parent.modelData; small: true; muted: true }
                        Accessible.role: Accessible.StaticText
                        Accessible.name: modelData
                    }
                }
                Txt { height: 22; text: page.metrics.description; small: true; faint: true; visible: text !== "" }
            }
            Rectangle {
                id: filling
                objectName: "metricFilling"
                anchors.top: labels.bottom
                anchors.topMargin: visible ? Theme.s2 : 0
                width: parent.width
                visible: page.metrics.filling
                height: visible ? 40 : 0
                radius: Theme.radius
                color: Theme.toneFill("accent")
                border.color: Theme.accent
                Txt {
                    id: fillingText
                    x: Theme.s3
                    height: parent.height
                    width: Math.min(implicitWidth, parent.width - 340)
                    text: "From the journal: " + page.metrics.fillingText
                }
                Rectangle {
                    anchors.left: fillingText.right
                    anchors.leftMargin: Theme.s3
                    anchors.right: retry.visible ? retry.left : cancel.left
                    anchors.rightMargin: Theme.s3
                    anchors.verticalCenter: parent.verticalCenter
                    height: 4
                    radius: 2
                    color: Theme.lineStrong
                    Rectangle { width: parent.width * page.metrics.fillingProgress; height: parent.height; radius: 2; color: Theme.accent }
                }
                Btn {
                    id: retry
                    objectName: "retryBackfill"
                    anchors.right: cancel.left
                    anchors.verticalCenter: parent.verticalCenter
                    text: "Try again"
                    flat: true
                    visible: page.metrics.fillingFailed
                    tip: "Fills it now, from the oldest event that is kept; otherwise that is tried every ten minutes"
                    onClicked: page.metrics.retryBackfill()
                }
                Btn {
                    id: cancel
                    objectName: "cancelBackfill"
                    anchors.right: parent.right
                    anchors.rightMargin: Theme.s1
                    anchors.verticalCenter: parent.verticalCenter
                    text: "Cancel"
                    flat: true
                    tip: "Gives the filling up: a new metric is removed, a changed one stays as it was"
                    onClicked: page.metrics.cancelBackfill()
                }
            }
            PointsView {
                anchors.top: filling.bottom
                anchors.topMargin: Theme.s3
                anchors.bottom: parent.bottom
                width: parent.width
                app: page.app
                view: page.metrics.shown
                title: page.metrics.title
                stale: page.metrics.stale
            }
        }
    }
    Question {
        id: removeQuestion
        objectName: "removeQuestion"
        visible: false
        first: keepMetric
        tone: "bad"
        iconName: "trash"
        title: "Remove " + page.metrics.removing + "?"
        text: "What it holds is gone for good; the events stay. Defined again it is filled from the journal, as far back as that reaches."
        onCancelled: page.metrics.keep()
        Btn { id: keepMetric; objectName: "keepMetric"; text: "Keep it"; primary: true; onClicked: removeQuestion.cancel() }
        Btn {
            objectName: "confirmRemove"
            text: "Remove"
            danger: true
            onClicked: {
                removeQuestion.close()
                page.metrics.remove()
            }
        }
    }
}
