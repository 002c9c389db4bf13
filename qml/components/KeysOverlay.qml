// SPDX-License-Identifier: GPL-3.0-or-later
// The keys, over the page.
import QtQuick
import "../theme"

Rectangle {
    id: overlay
    property Item returnTo
    anchors.fill: parent
    color: Theme.scrim
    visible: false
    function open(from) {
        returnTo = from
        visible = true
        forceActiveFocus()
    }
    function close() {
        visible = false
        if (returnTo) returnTo.forceActiveFocus()
    }
    Keys.onPressed: (event) => {
        close()
        event.accepted = true
    }
    MouseArea { anchors.fill: parent; onClicked: overlay.close() }

    Rectangle {
        anchors.centerIn: parent
        width: 460
        height: column.implicitHeight + 2 * Theme.s5
        radius: Theme.radius + 2
        color: Theme.raised
        border.color: Theme.lineStrong
        Accessible.role: Accessible.Dialog
        Accessible.name: "Keys"
        Column {
            id: column
            x: Theme.s5
            y: Theme.s5
            width: parent.width - 2 * x
            spacing: Theme.s2
            Text {
                text: "Keys"
                color: Theme.text
                font.family: Theme.sans
                font.pixelSize: Theme.sizeHeading
                font.weight: Font.DemiBold
                bottomPadding: Theme.s2
                renderType: Text.NativeRendering
            }
            Repeater {
                model: [["Ctrl K", "Every command by name"], ["Ctrl 1", "Overview"], ["Ctrl 2", "Events"], ["Ctrl 3", "Metrics"], ["Ctrl 4", "Objectives"], ["Ctrl 5", "Load test"],
                        ["Space", "Pause or resume the live view"], ["/", "Filter events; on their pages find objectives, load runs"], ["Ctrl Enter", "Start the load run that is set up"], ["C", "Compare the load run with another"],
                        ["↑ ↓", "Move through a list"], ["Enter", "Open, or press the button"], ["N   Delete", "Define or remove a metric or an objective, in their list"], ["Esc", "Close, or clear the selection"],
                        ["Tab", "Next control"], ["?", "These keys"]]
                delegate: Item {
                    required property var modelData
                    width: column.width
                    height: 24
                    Txt { height: parent.height; text: parent.modelData[1]; muted: true }
                    KeyCap { anchors.right: parent.right; anchors.verticalCenter: parent.verticalCenter; text: parent.modelData[0] }
                }
            }
        }
    }
}
