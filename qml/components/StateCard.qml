// SPDX-License-Identifier: GPL-3.0-or-later
// What a page shows in place of data: it waits, it has none, or something went wrong and what to do.
import QtQuick
import "../theme"

Rectangle {
    id: card
    property string iconName
    property string tone: "none"
    property string title
    property string text
    property bool waiting: false
    default property alias content: extra.data
    width: Math.min(parent ? parent.width - 2 * Theme.s5 : 560, 560)
    height: column.implicitHeight + 2 * Theme.s5
    radius: Theme.radius
    color: Theme.panel
    border.color: Theme.line
    Accessible.role: Accessible.AlertMessage
    Accessible.name: title + ". " + text

    Column {
        id: column
        x: Theme.s5
        y: Theme.s5
        width: parent.width - 2 * x
        spacing: Theme.s4
        Row {
            spacing: Theme.s3
            width: parent.width
            Rectangle {
                width: 36
                height: 36
                radius: 18
                color: Theme.toneFill(card.tone)
                Icon {
                    anchors.centerIn: parent
                    name: card.iconName
                    size: 18
                    color: card.tone === "none" ? Theme.textMuted : Theme.tone(card.tone)
                }
            }
            Text {
                width: parent.width - 36 - Theme.s3
                anchors.verticalCenter: parent.verticalCenter
                text: card.title
                color: Theme.text
                font.family: Theme.sans
                font.pixelSize: Theme.sizeHeading
                font.weight: Font.DemiBold
                wrapMode: Text.Wrap
                renderType: Text.NativeRendering
                textFormat: Text.PlainText
            }
        }
        Txt {
            width: parent.width
            visible: text !== ""
            text: card.text
            muted: true
            wrapMode: Text.Wrap
            elide: Text.ElideNone
            lineHeight: 1.3
        }
        Rectangle {
            visible: card.waiting
            width: parent.width
            height: 3
            radius: 1.5
            color: Theme.line
            clip: true
            Rectangle {
                width: parent.width * 0.3
                height: parent.height
                radius: 1.5
                color: Theme.accent
                NumberAnimation on x {
                    running: card.waiting && card.visible
                    loops: Animation.Infinite
                    from: -168
                    to: 560
                    duration: 1400
                }
            }
        }
        Column {
            id: extra
            width: parent.width
            spacing: Theme.s3
        }
    }
}
