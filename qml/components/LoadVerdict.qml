// SPDX-License-Identifier: GPL-3.0-or-later
// What became of a load run, and why: the first thing to read.
import QtQuick
import "../theme"

Rectangle {
    id: verdict
    required property var result
    property bool stale: false
    property alias actions: actionRow.data
    readonly property bool ended: result.state === "done" || result.state === "stopped" || result.state === "failed"
    implicitHeight: column.implicitHeight + 2 * Theme.s3
    radius: Theme.radius
    color: ended && result.tone !== "none" ? Theme.toneFill(result.tone) : Theme.panel
    border.color: ended && result.tone !== "none" ? Theme.tone(result.tone) : Theme.line
    Accessible.role: Accessible.StatusBar
    Accessible.name: result.stateText + ". " + result.headline

    Column {
        id: column
        x: Theme.s3 + 2
        y: Theme.s3
        width: parent.width - 2 * x
        spacing: Theme.s2
        Item {
            width: parent.width
            height: 26
            Rectangle {
                id: badge
                height: 26
                width: badgeRow.implicitWidth + 22
                radius: 13
                color: Theme.toneFill(verdict.result.tone)
                border.color: verdict.result.tone === "none" ? Theme.lineStrong : Theme.tone(verdict.result.tone)
                Row {
                    id: badgeRow
                    anchors.centerIn: parent
                    spacing: 6
                    Icon {
                        name: verdict.result.tone === "accent" ? "play" : verdict.result.state === "stopped" && verdict.result.tone === "none" ? "stop" : Theme.toneIcon(verdict.result.tone)
                        visible: name !== ""
                        size: 13
                        stroke: 2.2
                        color: Theme.tone(verdict.result.tone)
                        anchors.verticalCenter: parent.verticalCenter
                    }
                    Txt { objectName: "loadState"; text: verdict.result.stateText; strong: true }
                }
            }
            Txt {
                id: title
                anchors.left: badge.right
                anchors.leftMargin: Theme.s3
                anchors.verticalCenter: badge.verticalCenter
                width: Math.min(implicitWidth, parent.width * 0.3)
                text: verdict.result.name
                strong: true
            }
            Txt {
                anchors.left: title.right
                anchors.leftMargin: Theme.s3
                anchors.right: clockText.left
                anchors.rightMargin: Theme.s3
                anchors.verticalCenter: badge.verticalCenter
                text: verdict.result.summary
                muted: true
            }
            Txt {
                id: clockText
                anchors.right: parent.right
                anchors.verticalCenter: badge.verticalCenter
                text: verdict.result.clock
                muted: true
            }
        }
        Txt {
            objectName: "loadHeadline"
            width: parent.width
            text: verdict.result.headline
            font.pixelSize: Theme.sizeHeading
            strong: true
            color: verdict.ended && verdict.result.tone === "bad" ? Theme.bad : verdict.stale ? Theme.textFaint : Theme.text
            wrapMode: Text.Wrap
            maximumLineCount: 3
        }
        Repeater {
            model: verdict.result.reasons.slice(1, 5)
            delegate: Txt {
                required property string modelData
                width: column.width
                text: modelData
                wrapMode: Text.Wrap
                maximumLineCount: 2
            }
        }
        Rectangle {
            visible: !verdict.ended
            width: parent.width
            height: 4
            radius: 2
            color: Theme.line
            Accessible.role: Accessible.ProgressBar
            Accessible.name: Math.round(verdict.result.progress * 100) + " %"
            Rectangle {
                width: parent.width * verdict.result.progress
                height: parent.height
                radius: 2
                color: verdict.result.tone === "none" ? Theme.textFaint : Theme.tone(verdict.result.tone)
            }
        }
        Flow {
            width: parent.width
            spacing: Theme.s5
            Repeater {
                model: verdict.result.figures
                delegate: Column {
                    id: figure
                    required property var modelData
                    spacing: 1
                    Txt { text: figure.modelData.name; small: true; muted: true }
                    Row {
                        spacing: 4
                        Icon {
                            visible: figure.modelData.tone !== "none"
                            name: "warning"
                            size: 13
                            stroke: 2
                            color: Theme.tone(figure.modelData.tone)
                            anchors.verticalCenter: parent.verticalCenter
                        }
                        Text {
                            objectName: "figure" + figure.modelData.name
                            text: figure.modelData.value
                            color: figure.modelData.tone !== "none" ? Theme.tone(figure.modelData.tone)
                                   : verdict.stale ? Theme.textFaint : Theme.text
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
        Flow { id: actionRow; width: parent.width; spacing: Theme.s2; visible: children.length > 0 }
    }
}
