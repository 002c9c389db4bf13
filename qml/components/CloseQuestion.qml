// SPDX-License-Identifier: GPL-3.0-or-later
// Closing the window would end the server in it: what shall become of that?
import QtQuick
import "../theme"

Rectangle {
    id: question
    required property var app
    property Item returnTo
    anchors.fill: parent
    color: Theme.scrim
    visible: false
    function open(from) {
        returnTo = from
        visible = true
        keepButton.forceActiveFocus()
    }
    function cancel() {
        visible = false
        if (returnTo) returnTo.forceActiveFocus()
    }
    Keys.onEscapePressed: cancel()
    MouseArea { anchors.fill: parent; onClicked: question.cancel(); onWheel: (wheel) => wheel.accepted = true }

    MouseArea { anchors.fill: card }
    StateCard {
        id: card
        anchors.centerIn: parent
        color: Theme.raised
        border.color: Theme.lineStrong
        iconName: "offline"
        title: "Keep the server running?"
        text: "The server runs inside this window. Events that producers send after it stops are refused. It can go on by itself in the background; the next start of the console connects to it."
        Row {
            spacing: Theme.s2
            Btn { id: keepButton; objectName: "keepServing"; text: "Keep serving"; primary: true; onClicked: question.app.close(true) }
            Btn { objectName: "stopServing"; text: "Stop the server"; danger: true; onClicked: question.app.close(false) }
            Btn { text: "Cancel"; onClicked: question.cancel() }
        }
    }
}
