// SPDX-License-Identifier: GPL-3.0-or-later
// A number with its unit, what it means, how it has been going, and whether it is well.
import QtQuick
import Streamgauge
import "../theme"

Rectangle {
    id: tile
    property string title
    property string value
    property string unit
    property string detail
    property string tone: "none"
    property var history: []
    property bool stale: false
    implicitHeight: 112
    color: Theme.panel
    border.color: tone === "bad" || tone === "warning" ? Theme.tone(tone) : Theme.line
    border.width: 1
    radius: Theme.radius
    clip: true
    Accessible.role: Accessible.StaticText
    Accessible.name: title + ": " + value + " " + unit + ", " + detail

    Txt {
        id: heading
        x: Theme.s3 + 2
        y: Theme.s2 + 2
        width: parent.width - x - Theme.s3 - (mark.visible ? 20 : 0)
        text: tile.title
        small: true
        muted: true
        strong: true
    }
    Icon {
        id: mark
        anchors.right: parent.right
        anchors.rightMargin: Theme.s3
        anchors.verticalCenter: heading.verticalCenter
        size: 14
        stroke: 2
        visible: name !== ""
        name: Theme.toneIcon(tile.tone)
        color: Theme.tone(tile.tone)
    }
    Text {
        id: number
        x: Theme.s3 + 2
        y: 27
        text: tile.value
        color: tile.stale ? Theme.textFaint : Theme.text
        font.family: Theme.sans
        font.pixelSize: Theme.sizeValue
        font.weight: Font.DemiBold
        renderType: Text.NativeRendering
        textFormat: Text.PlainText
    }
    Txt {
        anchors.left: number.right
        anchors.leftMargin: 4
        anchors.right: parent.right
        anchors.rightMargin: Theme.s2
        anchors.baseline: number.baseline
        text: tile.unit
        muted: true
    }
    Txt {
        id: detailText
        x: Theme.s3 + 2
        y: 60
        width: parent.width - x - Theme.s2
        text: tile.detail
        small: true
        faint: true
        HoverHandler { id: over }
        Tip { text: tile.detail; shown: over.hovered && detailText.truncated }
    }
    Sparkline {
        x: 1
        width: parent.width - 2
        height: 30
        anchors.bottom: parent.bottom
        anchors.bottomMargin: 1
        values: tile.history
        color: tile.stale ? Theme.textFaint : tile.tone === "bad" || tile.tone === "warning" ? Theme.tone(tile.tone)
                                                                                             : Theme.spark
    }
}
