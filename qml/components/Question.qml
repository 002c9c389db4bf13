// SPDX-License-Identifier: GPL-3.0-or-later
// A question over the page that has to be answered: its buttons are its content. Esc, and a click beside it, cancel.
import QtQuick
import "../theme"

Rectangle {
    id: question
    property Item returnTo
    property Item first  // the button that has the keyboard at the beginning
    property alias iconName: card.iconName
    property alias tone: card.tone
    property alias title: card.title
    property alias text: card.text
    default property alias buttons: row.data
    signal cancelled()
    anchors.fill: parent
    color: Theme.scrim
    visible: false
    function open(from) {
        returnTo = from
        visible = true
        if (first) first.forceActiveFocus()
    }
    function close() {
        visible = false
        if (returnTo) returnTo.forceActiveFocus()
    }
    function cancel() {
        close()
        cancelled()
    }
    Keys.onEscapePressed: cancel()
    MouseArea { anchors.fill: parent; onClicked: question.cancel(); onWheel: (wheel) => wheel.accepted = true }

    MouseArea { anchors.fill: card }
    StateCard {
        id: card
        anchors.centerIn: parent
        color: Theme.raised
        border.color: Theme.lineStrong
        Row { id: row; spacing: Theme.s2 }
    }
}
