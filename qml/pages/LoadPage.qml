// SPDX-License-Identifier: GPL-3.0-or-later
// Plan a load run, start it, watch it.
import QtQuick
import QtQuick.Templates as T
import "../components"
import "../theme"

FocusScope {
    id: page
    required property var app
    readonly property var load: app.load
    property real cursor: -1
    readonly property bool hasRun: load.phase === "data"

    Panel {
        id: plan
        x: Theme.s4
        y: Theme.s4
        width: 264
        height: parent.height - 2 * y
        title: "Plan"
        Flickable {
            anchors.fill: parent
            anchors.bottomMargin: actions.height
            contentHeight: fields.implicitHeight + Theme.s3
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            T.ScrollBar.vertical: ScrollMark {}
            Column {
                id: fields
                x: Theme.s3 + 2
                y: Theme.s1
                width: parent.width - 2 * x
                spacing: Theme.s3
                enabled: page.load.offered
                Column {
                    width: parent.width
                    spacing: 5
                    Txt { text: "Target"; small: true; muted: true; strong: true }
                    Field {
                        objectName: "loadUrl"
                        width: parent.width
                        label: "Target"
                        text: page.load.url
                        wrong: page.load.planProblemField === "url"
                        onTextEdited: page.load.url = text
                        font.pixelSize: 12
                    }
                }
                NumberField {
                    objectName: "loadRate"
                    width: parent.width
                    label: "Rate"
                    unit: "requests/s"
                    value: page.load.rate
                    wrong: page.load.planProblemField === "rate"
                    onEdited: (value) => page.load.rate = value
                }
                NumberField {
                    objectName: "loadDuration"
                    width: parent.width
                    label: "Duration"
                    unit: "s"
                    value: page.load.durationSeconds
                    wrong: page.load.planProblemField === "durationSeconds"
                    onEdited: (value) => page.load.durationSeconds = value
                }
                Row {
                    width: parent.width
                    spacing: Theme.s2
                    NumberField {
                        objectName: "loadBatch"
                        width: (parent.width - Theme.s2) / 2
                        label: "Events a request"
                        whole: true
                        value: page.load.batch
                        wrong: page.load.planProblemField === "batch"
                        onEdited: (value) => page.load.batch = value
                    }
                    NumberField {
                        objectName: "loadConnections"
                        width: (parent.width - Theme.s2) / 2
                        label: "Connections"
                        whole: true
                        value: page.load.connections
                        wrong: page.load.planProblemField === "connections"
                        onEdited: (value) => page.load.connections = value
                    }
                }
                Column {
                    spacing: 5
                    Txt { text: "Arrivals"; small: true; muted: true; strong: true }
                    Segmented {
                        objectName: "loadArrivals"
                        label: "Arrivals"
                        value: page.load.poisson
                        options: [{"value": false, "text": "Even", "tip": "The same pause between any two"},
                                  {"value": true, "text": "Poisson", "tip": "As independent clients come"}]
                        onChosen: (value) => page.load.poisson = value
                    }
                }
            }
        }
        Column {
            id: actions
            x: Theme.s3 + 2
            width: parent.width - 2 * x
            anchors.bottom: parent.bottom
            bottomPadding: Theme.s3 + 2
            topPadding: Theme.s2
            spacing: Theme.s2
            Txt {
                objectName: "planProblem"
                width: parent.width
                small: true
                wrapMode: Text.Wrap
                maximumLineCount: 4
                readonly property string problem: !page.load.offered ? (page.app.connection.live ? "This server does not offer load runs on the address that you are connected to." : "")
                                                  : page.load.planProblem
                text: problem !== "" ? problem : page.load.planSummary
                color: problem !== "" ? Theme.warning : Theme.textFaint
            }
            Btn {
                objectName: "startButton"
                width: parent.width
                height: 34
                visible: !page.load.canStop
                primary: true
                iconName: "play"
                text: page.load.busy ? "Starting …" : "Start"
                enabled: page.load.canStart
                onClicked: page.load.start()
            }
            Btn {
                objectName: "stopButton"
                width: parent.width
                height: 34
                visible: page.load.canStop
                danger: true
                iconName: "stop"
                text: "Stop"
                onClicked: page.load.stop()
            }
        }
    }

    Item {
        id: run
        anchors.left: plan.right
        anchors.leftMargin: Theme.s3
        anchors.right: parent.right
        anchors.rightMargin: Theme.s4
        y: Theme.s4
        height: parent.height - 2 * y

        Banner {
            id: banner
            objectName: "loadBanner"
            width: parent.width
            visible: page.load.stale || (page.load.errorText !== "")
            height: visible ? implicitHeight : 0
            tone: page.load.stale && page.app.connection.state !== "failed" ? "warning" : "bad"
            title: page.load.stale ? (page.app.connection.state === "degraded" ? "Degraded: the run may not be followed" : "The run is not followed any more") : page.hasRun && page.load.state === "failed" ? "The run failed" : "It did not work"
            text: page.load.stale ? page.app.connection.errorText : page.load.errorText
            iconName: page.load.stale ? "offline" : "warning"
            canRetry: page.load.stale
            onRetry: page.app.connection.reconnect()
            onCopy: page.app.copy(text, "error")
        }

        Item {
            id: results
            anchors.top: banner.bottom
            anchors.topMargin: banner.visible ? Theme.s3 : 0
            anchors.bottom: parent.bottom
            width: parent.width
            visible: page.hasRun

            Panel {
                id: summary
                readonly property bool narrow: width < 820
                width: parent.width
                height: narrow ? 150 : 112
                Rectangle {
                    id: badge
                    x: Theme.s3 + 2
                    y: Theme.s3
                    width: badgeRow.implicitWidth + 20
                    height: 24
                    radius: 12
                    color: Theme.toneFill(page.load.tone)
                    border.color: page.load.tone === "none" ? Theme.lineStrong : Theme.tone(page.load.tone)
                    Row {
                        id: badgeRow
                        anchors.centerIn: parent
                        spacing: 5
                        Icon {
                            name: page.load.tone === "accent" ? "play" : page.load.state === "stopped" ? "stop" : Theme.toneIcon(page.load.tone)
                            visible: name !== ""
                            size: 12
                            stroke: 2.2
                            color: Theme.tone(page.load.tone)
                            anchors.verticalCenter: parent.verticalCenter
                        }
                        Txt { objectName: "loadState"; text: page.load.stateText; small: true; strong: true }
                    }
                }
                Txt {
                    anchors.left: badge.right
                    anchors.leftMargin: Theme.s3
                    anchors.right: parent.right
                    anchors.rightMargin: Theme.s3
                    anchors.verticalCenter: badge.verticalCenter
                    text: page.load.runSummary
                    muted: true
                }
                Rectangle {
                    x: Theme.s3 + 2
                    y: 44
                    width: parent.width - 2 * x
                    height: 4
                    radius: 2
                    color: Theme.line
                    Accessible.role: Accessible.ProgressBar
                    Accessible.name: Math.round(page.load.progress * 100) + " %"
                    Rectangle {
                        width: parent.width * page.load.progress
                        height: parent.height
                        radius: 2
                        color: page.load.tone === "none" ? Theme.textFaint : Theme.tone(page.load.tone)
                        Behavior on width { NumberAnimation { duration: Theme.motion } }
                    }
                }
                Grid {
                    id: figures
                    columns: summary.narrow ? 5 : 9
                    rowSpacing: 4
                    x: Theme.s3 + 2
                    y: 56
                    width: parent.width - 2 * x
                    Repeater {
                        model: [["Planned", page.load.planned], ["Sent", page.load.sent], ["Done", page.load.done],
                                ["Failed", page.load.failed], ["p50", page.load.p50], ["p95", page.load.p95],
                                ["p99", page.load.p99], ["Slowest", page.load.slowest], ["Sender late p99", page.load.sendLag]]
                        delegate: Column {
                            id: figure
                            required property var modelData
                            width: Math.floor(figures.width / figures.columns)
                            spacing: 2
                            readonly property bool alarming: modelData[0] === "Failed" && page.load.anyFailed
                            Txt { width: parent.width; text: figure.modelData[0]; small: true; muted: true }
                            Row {
                                spacing: 4
                                Icon { visible: figure.alarming; name: "warning"; size: 13; stroke: 2; color: Theme.bad; anchors.verticalCenter: parent.verticalCenter }
                                Text {
                                    objectName: "figure" + figure.modelData[0]
                                    text: figure.modelData[1]
                                    color: figure.alarming ? Theme.bad : page.load.stale ? Theme.textFaint : Theme.text
                                    font.family: Theme.sans
                                    font.pixelSize: 16
                                    font.weight: Font.DemiBold
                                    renderType: Text.NativeRendering
                                    textFormat: Text.PlainText
                                }
                            }
                        }
                    }
                }
            }
            Row {
                id: charts
                anchors.top: summary.bottom
                anchors.topMargin: Theme.s3
                width: parent.width
                height: Math.round((parent.height - y) * 0.52)
                spacing: Theme.s3
                TimeChart {
                    width: (parent.width - Theme.s3) / 2
                    height: parent.height
                    title: "Requests"
                    model: page.load.rates
                    colors: Theme.loadColors
                    stale: page.load.stale
                    cursor: page.cursor
                    onCursorMoved: (position) => page.cursor = position
                    onCopyRequested: (text) => page.app.copy(text, "chart's data")
                }
                TimeChart {
                    width: (parent.width - Theme.s3) / 2
                    height: parent.height
                    title: "Latency"
                    subtitle: roomy ? "from the planned start" : ""
                    model: page.load.latency
                    colors: Theme.latencyColors
                    stale: page.load.stale
                    cursor: page.cursor
                    onCursorMoved: (position) => page.cursor = position
                    onCopyRequested: (text) => page.app.copy(text, "chart's data")
                }
            }
            Panel {
                id: table
                anchors.top: charts.bottom
                anchors.topMargin: Theme.s3
                anchors.bottom: parent.bottom
                width: parent.width
                clip: true
                readonly property var columns: ["Second", "OK", "429", "Other", "Planned", "Average", "p95"]
                readonly property real columnWidth: (width - 2 * Theme.s3 - 12) / columns.length
                Row {
                    x: Theme.s3
                    height: 30
                    Repeater {
                        model: table.columns
                        delegate: Txt {
                            required property string modelData
                            width: table.columnWidth
                            height: 30
                            text: modelData
                            horizontalAlignment: modelData === "Second" ? Text.AlignLeft : Text.AlignRight
                            small: true
                            faint: true
                            strong: true
                        }
                    }
                }
                Rectangle { y: 30; x: 1; width: parent.width - 2; height: 1; color: Theme.line }
                ListView {
                    id: seconds
                    objectName: "loadSeconds"
                    anchors.fill: parent
                    anchors.topMargin: 31
                    anchors.margins: 1
                    clip: true
                    model: page.load.seconds
                    boundsBehavior: Flickable.StopAtBounds
                    activeFocusOnTab: true
                    T.ScrollBar.vertical: ScrollMark {}
                    delegate: Item {
                        id: second
                        required property var model
                        width: seconds.width
                        height: 24
                        Row {
                            x: Theme.s3 - 1
                            height: parent.height
                            Repeater {
                                model: [second.model.second, second.model.okCount, second.model.limited, second.model.other,
                                        second.model.planned, second.model.average, second.model.p95]
                                delegate: Txt {
                                    required property int index
                                    required property var modelData
                                    readonly property bool alarming: (index === 2 || index === 3) && modelData !== "0"
                                    width: table.columnWidth
                                    height: 24
                                    text: modelData
                                    horizontalAlignment: index === 0 ? Text.AlignLeft : Text.AlignRight
                                    strong: alarming
                                    color: alarming ? Theme.bad : index === 0 ? Theme.textFaint : Theme.text
                                }
                            }
                        }
                    }
                }
            }
        }

        StateCard {
            objectName: "loadEmpty"
            anchors.centerIn: parent
            visible: page.load.phase === "empty"
            tone: "accent"
            iconName: "load"
            title: page.load.offered ? "No run yet" : "Load runs are not offered here"
            text: page.load.offered
                  ? "A run sends requests at the planned times, whether earlier ones were answered or not, and counts latency from the planned time: a slow server cannot hide by slowing the sender. Set the plan on the left and press Start."
                  : "This server offers load runs on its management address only. Connect to that address, for example with streamgauge --connect http://127.0.0.1:8090."
        }
        StateCard {
            objectName: "loadLoading"
            anchors.centerIn: parent
            visible: page.load.phase === "loading"
            waiting: true
            iconName: "clock"
            title: page.app.connection.stateText + " …"
            text: "Asking whether a run is active."
        }
        StateCard {
            objectName: "loadError"
            anchors.centerIn: parent
            visible: page.load.phase === "error"
            tone: "bad"
            iconName: "cross"
            title: "No connection to " + page.app.connection.endpoint
            text: page.app.connection.errorText
            Row {
                spacing: Theme.s2
                Btn { text: "Try again"; primary: true; onClicked: page.app.connection.reconnect() }
                Btn { text: "Copy the error"; iconName: "copy"; onClicked: page.app.copy(page.app.connection.errorText, "error") }
            }
        }
    }
}
