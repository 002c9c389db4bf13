// SPDX-License-Identifier: GPL-3.0-or-later
// Plan a load run, start it, lay a hand on it, see what became of it, and compare it with others.
import QtQuick
import "../components"
import "../theme"

FocusScope {
    id: page
    required property var app
    readonly property var load: app.load
    readonly property string view: load.view
    readonly property string removing: load.runs.removing
    onRemovingChanged: if (removing !== "") removeQuestion.open(views)
    function focusSearch() {
        page.load.view = "runs"
        history.searchField.forceActiveFocus()
    }
    Keys.onPressed: (event) => {
        if ((event.key === Qt.Key_Return || event.key === Qt.Key_Enter) && event.modifiers === Qt.ControlModifier && page.view === "setup") {
            page.load.start()
            event.accepted = true
        }
    }

    Item {
        id: bar
        x: Theme.s4
        y: Theme.s3
        width: parent.width - 2 * x
        height: Theme.controlHeight
        Segmented {
            id: views
            objectName: "loadView"
            focus: true
            label: "View"
            value: page.view
            options: [{"value": "setup", "text": "Set-up"}, {"value": "run", "text": page.load.active ? "Running" : "Last run"},
                      {"value": "runs", "text": "History"}]
            onChosen: (value) => page.load.view = value
        }
        Row {
            anchors.right: parent.right
            height: parent.height
            spacing: Theme.s2
            visible: page.load.active && page.view !== "run"
            Icon { name: "load"; size: 14; color: Theme.accent; anchors.verticalCenter: parent.verticalCenter }
            Txt {
                objectName: "underWay"
                anchors.verticalCenter: parent.verticalCenter
                text: page.load.run.name + " is under way, " + page.load.run.clock
                muted: true
            }
        }
    }
    Banner {
        id: banner
        objectName: "loadBanner"
        anchors.top: bar.bottom
        anchors.topMargin: visible ? Theme.s3 : 0
        x: Theme.s4
        width: parent.width - 2 * x
        readonly property bool notice: page.view === "runs" && page.load.runs.notice !== ""
        visible: page.load.stale || page.load.errorText !== "" || notice
        height: visible ? implicitHeight : 0
        tone: page.load.stale && page.app.connection.state !== "failed" ? "warning" : "bad"
        title: page.load.stale ? (page.app.connection.state === "degraded" ? "Degraded: the run may not be followed" : "The run is not followed any more")
               : notice && page.load.errorText === "" ? "That did not work"
               : page.load.errorKind === "forbidden" ? "The server forbids it" : page.load.errorKind === "conflict" ? "Another run is in progress" : "It did not work"
        text: page.load.stale ? page.app.connection.errorText : page.load.errorText !== "" ? page.load.errorText : page.load.runs.notice
        iconName: page.load.stale ? "offline" : "warning"
        canRetry: page.load.stale
        onRetry: page.app.connection.reconnect()
        onCopy: page.app.copy(text, "error")
    }

    Item {
        id: body
        anchors.top: banner.bottom
        anchors.topMargin: Theme.s3
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.s4
        x: Theme.s4
        width: parent.width - 2 * x
        visible: page.load.phase !== "loading" && page.load.phase !== "error"

        LoadSetup {
            objectName: "loadSetup"
            anchors.fill: parent
            visible: page.view === "setup"
            app: page.app
        }
        Item {
            objectName: "loadRun"
            anchors.fill: parent
            visible: page.view === "run" && page.load.run.shown
            LoadVerdict {
                id: verdict
                objectName: "loadVerdict"
                width: parent.width
                height: implicitHeight
                result: page.load.run
                stale: page.load.stale
                actions: [
                    Btn { objectName: "againButton"; height: 26; visible: page.load.run.final; iconName: "edit"; text: "Edit and run again"; onClicked: page.load.editAgain() },
                    SaveReport { visible: page.load.run.final; search: page.load.run.capacity.steps !== undefined; onChosen: (kind) => page.load.exportAs(kind) }
                ]
            }
            LoadHand {
                id: hand
                objectName: "loadHand"
                anchors.top: verdict.bottom
                anchors.topMargin: visible ? Theme.s3 : 0
                width: parent.width
                height: visible ? implicitHeight : 0
                visible: page.load.active
                load: page.load
            }
            LoadFigures {
                anchors.top: hand.bottom
                anchors.topMargin: Theme.s3
                anchors.bottom: parent.bottom
                width: parent.width
                app: page.app
                result: page.load.run
                stale: page.load.stale
            }
        }
        StateCard {
            objectName: "loadEmpty"
            anchors.centerIn: parent
            visible: page.view === "run" && !page.load.run.shown
            tone: "accent"
            iconName: "load"
            title: page.load.offered ? "No run yet" : "Load runs are not offered here"
            text: page.load.offered
                  ? "A run sends requests at the planned times, whether earlier ones were answered or not, and counts latency from the planned time: a slow server cannot hide by slowing the sender."
                  : "This server offers load runs on its management address only. Connect to that address, for example with streamgauge --connect http://127.0.0.1:8090."
            Btn { objectName: "toSetup"; visible: page.load.offered; text: "Set one up"; primary: true; iconName: "edit"; onClicked: page.load.view = "setup" }
        }
        LoadHistory {
            id: history
            objectName: "loadHistory"
            anchors.fill: parent
            visible: page.view === "runs"
            app: page.app
        }
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

    Question {
        id: removeQuestion
        objectName: "removeRunQuestion"
        visible: false
        first: keepRun
        tone: "bad"
        iconName: "trash"
        title: "Remove " + page.removing + "?"
        text: "The run and its report are gone for good. Save the report first if you may need it."
        onCancelled: page.load.runs.keep()
        Btn { id: keepRun; objectName: "keepRun"; text: "Keep it"; primary: true; onClicked: removeQuestion.cancel() }
        Btn {
            objectName: "confirmRemoveRun"
            text: "Remove"
            danger: true
            onClicked: {
                removeQuestion.close()
                page.load.runs.remove()
            }
        }
    }
}
