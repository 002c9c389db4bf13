// SPDX-License-Identifier: GPL-3.0-or-later
// What was promised, how much of the budget is left, and who is told. The worst on the left, one of them on the right.
import QtQuick
import "../components"
import "../theme"

FocusScope {
    id: page
    required property var app
    readonly property var objectives: app.objectives
    readonly property bool editing: objectives.editor.open
    readonly property bool asking: objectives.removing !== ""
    readonly property string exchanging: objectives.exchange.mode
    onExchangingChanged: if (exchanging !== "") exchange.open(side.list)
    onAskingChanged: if (asking) removeQuestion.open(side.list)
    function focusFilter() { if (content.visible) side.focusFilter() }

    StateCard {
        objectName: "objectivesLoading"
        anchors.centerIn: parent
        visible: page.objectives.phase === "loading"
        waiting: true
        iconName: "clock"
        title: page.app.connection.live ? "Reading the objectives …" : page.app.connection.stateText + " …"
        text: "The list of objectives is on its way."
    }
    StateCard {
        objectName: "objectivesError"
        anchors.centerIn: parent
        visible: page.objectives.phase === "error"
        tone: "bad"
        iconName: "cross"
        title: page.objectives.errorText !== "" ? "The objectives cannot be read" : "No connection to " + page.app.connection.endpoint
        text: page.objectives.errorText !== "" ? page.objectives.errorText : page.app.connection.errorText
        Row {
            spacing: Theme.s2
            Btn {
                text: "Try again"
                primary: true
                onClicked: page.app.connection.live ? page.objectives.refresh() : page.app.connection.reconnect()
            }
            Btn { text: "Copy the error"; iconName: "copy"; onClicked: page.app.copy(page.objectives.errorText || page.app.connection.errorText, "error") }
        }
    }
    StateCard {
        objectName: "objectivesNone"
        anchors.centerIn: parent
        visible: page.objectives.phase === "none"
        iconName: "objectives"
        title: "This server does not show its objectives"
        text: "It says so itself: the feature is missing, or it is not for you. The Overview has its live numbers."
    }
    StateCard {
        objectName: "objectivesEmpty"
        anchors.centerIn: parent
        visible: page.objectives.phase === "empty" && !page.editing
        tone: "accent"
        iconName: "objectives"
        title: "No objective is declared"
        text: "Say what is good, how much of it there must be, and over which window: 95 % of requests within 300 ms, over 30 days. What is left over is the error budget; alerts watch how fast it burns."
        Row {
            spacing: Theme.s2
            Btn { objectName: "declareFirst"; text: "Declare one"; iconName: "plus"; primary: true; onClicked: page.objectives.define() }
            Btn { text: "Import OpenSLO"; iconName: "import"; onClicked: page.objectives.exchange.openImport() }
        }
    }

    Item {
        id: content
        anchors.fill: parent
        anchors.margins: Theme.s4
        visible: page.objectives.phase === "data" || (page.editing && page.objectives.phase === "empty")

        Banner {
            id: banner
            objectName: "objectivesBanner"
            width: parent.width
            readonly property string trouble: page.objectives.notice !== "" ? page.objectives.notice
                                              : page.objectives.errorText !== "" ? page.objectives.errorText : page.objectives.historyError
            visible: page.objectives.stale || trouble !== ""
            height: visible ? implicitHeight : 0
            tone: page.app.connection.state === "failed" ? "bad" : "warning"
            title: page.objectives.stale ? "These numbers are old" : page.objectives.notice !== "" ? "That did not work"
                   : page.objectives.errorText !== "" ? "The list may be old" : "The charts may be old"
            text: page.objectives.stale ? page.app.connection.errorText : trouble
            canRetry: page.objectives.stale
            onRetry: page.app.connection.reconnect()
            onCopy: page.app.copy(text, "error")
        }
        ObjectiveList {
            id: side
            app: page.app
            focus: true
            anchors.top: banner.bottom
            anchors.topMargin: banner.visible ? Theme.s3 : 0
            anchors.bottom: parent.bottom
            width: Math.round(Math.min(330, Math.max(244, parent.width * 0.24)))
            onDefineRequested: page.objectives.define()
            onChangeRequested: page.objectives.change()
        }
        ObjectiveEditor {
            id: editor
            app: page.app
            visible: page.editing
            anchors.fill: main
            onClosed: side.list.forceActiveFocus()
        }
        ObjectiveDetail {
            id: main
            app: page.app
            visible: !page.editing
            onChangeRequested: page.objectives.change()
            anchors.left: side.right
            anchors.leftMargin: Theme.s3
            anchors.right: parent.right
            anchors.top: side.top
            anchors.bottom: parent.bottom
        }
    }
    ObjectiveExchange { id: exchange; app: page.app }
    Question {
        id: removeQuestion
        objectName: "removeObjectiveQuestion"
        visible: false
        first: keepButton
        tone: "bad"
        iconName: "trash"
        title: "Remove " + page.objectives.removing + "?"
        text: "Its budget is no longer watched and its alerts no longer fire; what they did is forgotten. What was counted stays: declared again, it is computed over the past as well."
        onCancelled: page.objectives.keep()
        Btn { id: keepButton; text: "Keep it"; primary: true; onClicked: removeQuestion.cancel() }
        Btn {
            objectName: "confirmRemoveObjective"
            text: "Remove"
            danger: true
            onClicked: {
                removeQuestion.close()
                page.objectives.remove()
            }
        }
    }
}
