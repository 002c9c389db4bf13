// SPDX-License-Identifier: GPL-3.0-or-later
// One line over a page whose numbers are old: what happened, how old they are, what can be done.
import QtQuick
import "../theme"

Rectangle {
    id: banner
    property string tone: "warning"
    property string iconName: "offline"
    property string title
    property string text
    property bool canRetry: true
    signal retry()
    signal copy()
    implicitHeight: 40
    radius: Theme.radius
    color: Theme.toneFill(tone)
    border.color: Theme.tone(tone)
    Accessible.role: Accessible.AlertMessage
    Accessible.name: title + ". " + text

    Icon {
        id: mark
        x: Theme.s3
        anchors.verticalCenter: parent.verticalCenter
        name: banner.iconName
        color: Theme.tone(banner.tone)
    }
    Txt {
        id: heading
        anchors.left: mark.right
        anchors.leftMargin: Theme.s2
        anchors.verticalCenter: parent.verticalCenter
        text: banner.title
        strong: true
    }
    Txt {
        id: detail
        anchors.left: heading.right
        anchors.leftMargin: Theme.s2
        anchors.right: buttons.left
        anchors.rightMargin: Theme.s2
        anchors.verticalCenter: parent.verticalCenter
        text: banner.text
        muted: true
        HoverHandler { id: over }
        Tip { text: banner.text; shown: over.hovered && detail.truncated }
    }
    Row {
        id: buttons
        anchors.right: parent.right
        anchors.rightMargin: Theme.s1
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.s1
        Btn { iconName: "copy"; tip: "Copy the error"; onClicked: banner.copy(); visible: banner.text !== "" }
        Btn { text: "Reconnect"; flat: true; onClicked: banner.retry(); visible: banner.canRetry }
    }
}
