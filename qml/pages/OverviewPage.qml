// SPDX-License-Identifier: GPL-3.0-or-later
// Is it well?
import QtQuick
import "../components"
import "../theme"

FocusScope {
    id: page
    required property var app
    readonly property var overview: app.overview
    readonly property bool hasData: overview.phase === "data"
    property real cursor: -1

    StateCard {
        objectName: "overviewLoading"
        anchors.centerIn: parent
        visible: page.overview.phase === "loading"
        waiting: true
        iconName: "clock"
        title: page.app.connection.stateText + " …"
        text: page.app.connection.state === "connecting"
              ? "The server is starting: it reads its journal from the last checkpoint on. This takes a moment."
              : "The first numbers are on their way."
    }
    StateCard {
        objectName: "overviewError"
        anchors.centerIn: parent
        visible: page.overview.phase === "error"
        tone: "bad"
        iconName: "cross"
        title: "No connection to " + page.app.connection.endpoint
        text: page.app.connection.errorText
        Row {
            spacing: Theme.s2
            Btn { objectName: "retryButton"; text: "Try again"; primary: true; onClicked: page.app.connection.reconnect() }
            Btn { text: "Copy the error"; iconName: "copy"; onClicked: page.app.copy(page.app.connection.errorText, "error") }
        }
    }
    StateCard {
        objectName: "overviewEmpty"
        anchors.centerIn: parent
        visible: page.overview.phase === "empty"
        tone: "accent"
        iconName: "inbox"
        title: "Send a first event"
        text: "The server is ready and no event has come yet. Paste this line into a terminal; the event appears here within a second."
        CopyLine {
            objectName: "curlLine"
            width: parent.width
            text: page.app.connection.curl
            visible: text !== ""
            onCopy: page.app.copy(text, "curl line")
        }
        Row {
            spacing: Theme.s3
            visible: page.app.connection.canLoad
            Btn {
                objectName: "demoButton"
                text: "Start a demo stream"
                iconName: "play"
                primary: true
                enabled: page.app.connection.live && !page.app.load.busy && !page.app.load.active
                onClicked: page.app.load.startDemo()
            }
            Txt {
                anchors.verticalCenter: parent.verticalCenter
                text: page.app.load.errorText !== "" ? page.app.load.errorText : "20 made-up events a second, for 10 minutes"
                faint: page.app.load.errorText === ""
                color: page.app.load.errorText !== "" ? Theme.bad : Theme.textFaint
                width: 300
                wrapMode: Text.Wrap
                maximumLineCount: 3
            }
        }
    }

    Item {
        id: content
        anchors.fill: parent
        anchors.margins: Theme.s4
        visible: page.hasData

        Banner {
            id: banner
            objectName: "overviewBanner"
            width: parent.width
            readonly property bool current: !page.overview.stale && page.app.connection.state !== "degraded"
            readonly property bool unseen: page.overview.canaryFault !== "" && current
            readonly property bool off: page.overview.ledgerFault !== "" && current && !unseen
            visible: !current || unseen || off
            height: visible ? implicitHeight : 0
            tone: page.app.connection.state === "failed" || unseen || off ? "bad" : "warning"
            title: page.overview.stale ? "Numbers are from " + page.overview.ageText : unseen ? "What is stored may not be seen"
                   : off ? "The ledger is off" : "Degraded"
            text: unseen ? "The canary is missed: " + page.overview.canaryFault + "." : off ? page.overview.ledgerFault : page.app.connection.errorText
            canRetry: !page.app.connection.live
            onRetry: page.app.connection.reconnect()
            onCopy: page.app.copy(text, "error")
        }
        Row {
            id: tiles
            anchors.top: banner.bottom
            anchors.topMargin: banner.visible ? Theme.s3 : 0
            width: parent.width
            spacing: Theme.s3
            Repeater {
                model: page.overview.tiles
                delegate: Tile {
                    required property int index
                    required property var model
                    objectName: "tile" + index
                    readonly property int share: Math.floor((tiles.width - 5 * Theme.s3) / 6)
                    width: index === 5 ? tiles.width - 5 * (share + Theme.s3) : share
                    title: model.title
                    value: model.value
                    unit: model.unit
                    detail: model.detail
                    tone: model.tone
                    history: model.history
                    stale: page.overview.stale
                    TapHandler {
                        enabled: index === 5 && page.overview.worstObjective !== ""
                        onTapped: page.app.showObjective(page.overview.worstObjective)
                    }
                }
            }
        }
        Row {
            id: charts
            anchors.top: tiles.bottom
            anchors.topMargin: Theme.s3
            width: parent.width
            height: Math.round((parent.height - y) * 0.56)
            spacing: Theme.s3
            TimeChart {
                objectName: "throughputChart"
                width: Math.round((parent.width - Theme.s3) * 0.56)
                height: parent.height
                title: "Throughput"
                model: page.overview.throughput
                marks: page.app.marks
                colors: Theme.outcomeColors
                stale: page.overview.stale
                cursor: page.cursor
                onCursorMoved: (position) => page.cursor = position
                onCopyRequested: (text) => page.app.copy(text, "chart's data")
            }
            TimeChart {
                objectName: "latencyChart"
                width: parent.width - Theme.s3 - Math.round((parent.width - Theme.s3) * 0.56)
                height: parent.height
                title: "Ack latency"
                model: page.overview.latency
                marks: page.app.marks
                colors: Theme.latencyColors
                lines: page.overview.latencyLines
                stale: page.overview.stale
                cursor: page.cursor
                onCursorMoved: (position) => page.cursor = position
                onCopyRequested: (text) => page.app.copy(text, "chart's data")
            }
        }
        Row {
            anchors.top: charts.bottom
            anchors.topMargin: Theme.s3
            anchors.bottom: parent.bottom
            width: parent.width
            spacing: Theme.s3
            Panel {
                width: Math.round((parent.width - Theme.s3) * 0.56)
                height: parent.height
                title: "Top pages"
                note: "last 15 minutes"
                RankList {
                    objectName: "topPages"
                    x: Theme.s3
                    width: parent.width - 2 * x
                    height: Math.floor((parent.height - Theme.s2) / 26) * 26 - 2
                    model: page.overview.topPages
                    emptyText: "No page views in the last 15 minutes"
                }
            }
            Panel {
                width: parent.width - Theme.s3 - Math.round((parent.width - Theme.s3) * 0.56)
                height: parent.height
                title: "Event types"
                note: "last 15 minutes"
                RankList {
                    objectName: "eventTypes"
                    x: Theme.s3
                    width: parent.width - 2 * x
                    height: Math.floor((parent.height - Theme.s2) / 26) * 26 - 2
                    model: page.overview.eventTypes
                    barColor: Theme.good
                    clickable: true
                    emptyText: "No events in the last 15 minutes"
                    onPicked: (name) => {
                        page.app.events.eventType = name
                        page.app.page = 1
                    }
                }
            }
        }
    }
}
