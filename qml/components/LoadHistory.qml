// SPDX-License-Identifier: GPL-3.0-or-later
// The load runs that ended: found at the left; one of them, or two over each other, at the right.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Item {
    id: history
    required property var app
    readonly property var runs: app.load.runs
    property alias searchField: search
    signal removalWanted()

    StateCard {
        objectName: "runsLoading"
        anchors.centerIn: parent
        visible: history.runs.phase === "loading"
        waiting: true
        iconName: "clock"
        title: history.app.connection.live ? "Reading the runs …" : history.app.connection.stateText + " …"
        text: "The list of load runs is on its way."
    }
    StateCard {
        objectName: "runsError"
        anchors.centerIn: parent
        visible: history.runs.phase === "error"
        tone: "bad"
        iconName: "cross"
        title: "The runs cannot be read"
        text: history.runs.errorText !== "" ? history.runs.errorText : history.app.connection.errorText
        Row {
            spacing: Theme.s2
            Btn {
                text: "Try again"
                primary: true
                onClicked: history.app.connection.live ? history.runs.refresh() : history.app.connection.reconnect()
            }
        }
    }
    StateCard {
        objectName: "runsEmpty"
        anchors.centerIn: parent
        visible: history.runs.phase === "empty"
        tone: "accent"
        iconName: "load"
        title: "No run is kept"
        text: "Every run that ends is kept here with its whole report, to be looked at again and compared. load.keep_runs and load.keep_age say how many and how long."
    }

    Item {
        anchors.fill: parent
        visible: history.runs.phase === "data"
        Panel {
            id: side
            width: Math.round(Math.max(270, Math.min(340, parent.width * 0.25)))
            height: parent.height
            Field {
                id: search
                objectName: "runSearch"
                x: Theme.s2
                y: Theme.s2
                width: parent.width - 2 * x
                iconName: "search"
                placeholderText: "Find by name, target, verdict …"
                text: history.runs.search
                onTextEdited: history.runs.search = text
                Keys.onDownPressed: list.forceActiveFocus()
                Keys.onEscapePressed: (event) => {
                    if (text === "") event.accepted = false
                    else history.runs.search = ""
                }
            }
            Rectangle { y: 46; x: 1; width: parent.width - 2; height: 1; color: Theme.line }
            ListView {
                id: list
                objectName: "runList"
                anchors.fill: parent
                anchors.topMargin: 47
                anchors.margins: 1
                clip: true
                activeFocusOnTab: true
                keyNavigationEnabled: false
                boundsBehavior: Flickable.StopAtBounds
                model: history.runs.rows
                Accessible.role: Accessible.List
                Accessible.name: "Load runs"
                T.ScrollBar.vertical: ScrollMark {}
                Keys.onDownPressed: history.runs.step(1)
                Keys.onUpPressed: history.runs.step(-1)
                Keys.onDeletePressed: history.runs.askRemove()
                Keys.onPressed: (event) => {
                    if (event.key !== Qt.Key_C || event.modifiers !== Qt.NoModifier) return
                    history.runs.compareWith(history.runs.baseline === history.runs.selected ? "" : history.runs.selected)
                    event.accepted = true
                }
                delegate: Rectangle {
                    id: row
                    required property var modelData
                    readonly property bool current: modelData.id === history.runs.selected
                    readonly property bool isBefore: modelData.id === history.runs.baseline
                    width: list.width
                    height: 62
                    color: current ? Theme.selected : over.hovered ? Theme.hover : "transparent"
                    Accessible.role: Accessible.ListItem
                    Accessible.name: modelData.name + ", " + modelData.when + ", " + modelData.verdict + ", " + modelData.facts
                    Rectangle { visible: row.current; width: 3; height: parent.height; color: list.activeFocus ? Theme.focus : Theme.accent }
                    Txt {
                        x: Theme.s3
                        y: 6
                        width: parent.width - x - verdictMark.width - verdictWord.width - 30
                        text: row.modelData.name
                        strong: true
                    }
                    Icon {
                        id: verdictMark
                        anchors.right: verdictWord.left
                        anchors.rightMargin: 5
                        anchors.verticalCenter: verdictWord.verticalCenter
                        name: row.modelData.tone === "none" ? "stop" : Theme.toneIcon(row.modelData.tone)
                        size: 12
                        stroke: 2.2
                        color: Theme.tone(row.modelData.tone)
                    }
                    Txt {
                        id: verdictWord
                        anchors.right: parent.right
                        anchors.rightMargin: Theme.s3
                        y: 6
                        text: row.modelData.verdict
                        strong: true
                        color: row.modelData.tone === "none" ? Theme.textMuted : Theme.tone(row.modelData.tone)
                    }
                    Txt {
                        x: Theme.s3
                        y: 24
                        width: parent.width - 2 * x
                        text: row.modelData.when + " · " + row.modelData.length + " · by " + row.modelData.by
                        small: true
                        muted: true
                    }
                    Txt {
                        x: Theme.s3
                        y: 41
                        width: parent.width - 2 * x
                        text: (row.isBefore ? "Before · " : "") + row.modelData.facts + (row.modelData.generator !== "" ? " · generator " + row.modelData.generator : "")
                        small: true
                        faint: !row.isBefore
                        color: row.isBefore ? Theme.accent : row.modelData.generator !== "" ? Theme.warning : Theme.textFaint
                    }
                    Rectangle { anchors.bottom: parent.bottom; x: Theme.s3; width: parent.width - 2 * x; height: 1; color: Theme.line }
                    HoverHandler { id: over }
                    TapHandler {
                        onTapped: {
                            list.forceActiveFocus()
                            history.runs.selected = row.modelData.id
                        }
                    }
                }
                Txt {
                    objectName: "runsNotFound"
                    anchors.centerIn: parent
                    visible: list.count === 0
                    text: "None is like that"
                    faint: true
                }
            }
            FocusRing { target: list }
        }

        Item {
            id: detail
            anchors.left: side.right
            anchors.leftMargin: Theme.s3
            anchors.right: parent.right
            height: parent.height
            LoadVerdict {
                id: verdict
                objectName: "runVerdict"
                visible: history.runs.run.shown
                width: parent.width
                height: visible ? implicitHeight : 0
                result: history.runs.run
                actions: [
                    Btn {
                        objectName: "compareRun"
                        height: 26
                        readonly property bool isBaseline: history.runs.baseline !== "" && history.runs.baseline === history.runs.selected
                        text: isBaseline ? "Choose the other run" : history.runs.comparing ? "End the comparison" : "Compare with …"
                        tip: "Take this run as the one before, then choose another (C)"
                        enabled: !isBaseline
                        onClicked: history.runs.compareWith(history.runs.comparing ? "" : history.runs.selected)
                    },
                    Btn { objectName: "removeRun"; height: 26; iconName: "trash"; text: "Remove"; danger: true; tip: "Remove this run (Delete)"; onClicked: history.runs.askRemove() },
                    SaveReport { search: history.runs.run.capacity.steps !== undefined; onChosen: (kind) => history.runs.exportAs(kind) }
                ]
            }
            Item {
                anchors.top: verdict.bottom
                anchors.topMargin: Theme.s3
                anchors.bottom: parent.bottom
                width: parent.width
                visible: history.runs.run.shown
                LoadFigures {
                    anchors.fill: parent
                    visible: !history.runs.comparing
                    app: history.app
                    result: history.runs.run
                }
                Flickable {
                    objectName: "runComparison"
                    anchors.fill: parent
                    anchors.rightMargin: -Theme.s3
                    visible: history.runs.comparing
                    contentHeight: compared.implicitHeight
                    clip: true
                    boundsBehavior: Flickable.StopAtBounds
                    T.ScrollBar.vertical: ScrollMark {}
                    Column {
                        id: compared
                        width: detail.width
                        spacing: Theme.s3
                        readonly property var found: history.runs.comparison
                        readonly property bool known: found.verdict !== undefined
                        readonly property bool searches: history.runs.run.capacity.steps !== undefined
                        FactPanel {
                            width: parent.width
                            title: "Before: " + history.runs.baselineName
                            note: "after: the run above"
                            Row {
                                spacing: Theme.s2
                                Icon {
                                    visible: name !== ""
                                    name: compared.known ? Theme.toneIcon(compared.found.tone) : ""
                                    size: 16
                                    stroke: 2.2
                                    color: Theme.tone(compared.found.tone || "none")
                                    anchors.verticalCenter: parent.verticalCenter
                                }
                                Txt {
                                    objectName: "comparisonVerdict"
                                    width: compared.width - 60
                                    text: compared.known ? compared.found.sentence : history.runs.notice !== "" ? "" : "Comparing …"
                                    font.pixelSize: Theme.sizeHeading
                                    strong: true
                                    wrapMode: Text.Wrap
                                }
                            }
                            FactTable {
                                width: parent.width
                                rows: compared.known ? compared.found.measures : []
                                toned: "word"
                                columns: [{"key": "name", "text": "Measure"}, {"key": "before", "text": "Before", "width": 72}, {"key": "after", "text": "After", "width": 72},
                                          {"key": "change", "text": "Change", "width": 76}, {"key": "interval", "text": "95 % interval", "width": 160},
                                          {"key": "word", "text": "", "width": 118}]
                            }
                            Repeater {
                                model: compared.known ? compared.found.warnings : []
                                delegate: Row {
                                    required property string modelData
                                    spacing: 6
                                    Icon { name: "warning"; size: 13; stroke: 2; color: Theme.warning; y: 2 }
                                    Txt { width: compared.width - 60; text: parent.modelData; small: true; muted: true; wrapMode: Text.Wrap; elide: Text.ElideNone }
                                }
                            }
                        }
                        TimeChart {
                            objectName: "overlayCurve"
                            visible: compared.searches && history.runs.overlayCurve.hasData
                            width: parent.width
                            height: 260
                            title: "p99 against rate"
                            model: history.runs.overlayCurve
                            colors: [Theme.seriesColors[5], Theme.seriesColors[0]]
                            onCursorMoved: (position) => cursor = position
                            onCopyRequested: (text) => history.app.copy(text, "chart's data")
                        }
                        TimeChart {
                            id: overlayRates
                            objectName: "overlayRates"
                            visible: !compared.searches && history.runs.overlayRates.hasData
                            width: parent.width
                            height: 200
                            title: "Good answers"
                            model: history.runs.overlayRates
                            colors: [Theme.seriesColors[5], Theme.seriesColors[0]]
                            onCursorMoved: (position) => { cursor = position; overlayLatency.cursor = position }
                            onCopyRequested: (text) => history.app.copy(text, "chart's data")
                        }
                        TimeChart {
                            id: overlayLatency
                            objectName: "overlayLatency"
                            visible: !compared.searches && history.runs.overlayLatency.hasData
                            width: parent.width
                            height: 200
                            title: "p99"
                            model: history.runs.overlayLatency
                            colors: [Theme.seriesColors[5], Theme.seriesColors[0]]
                            onCursorMoved: (position) => { cursor = position; overlayRates.cursor = position }
                            onCopyRequested: (text) => history.app.copy(text, "chart's data")
                        }
                    }
                }
            }
            Txt {
                anchors.centerIn: parent
                visible: !history.runs.run.shown
                text: history.runs.notice !== "" ? history.runs.notice : "Reading the report …"
                muted: true
            }
        }
    }
}
