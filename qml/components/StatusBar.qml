// SPDX-License-Identifier: GPL-3.0-or-later
// Under every page: what goes through, whether the ledger balances, and how the server itself is.
import QtQuick
import "../theme"

Rectangle {
    id: bar
    required property var app
    readonly property var status: app.status
    readonly property bool stale: app.overview.stale
    implicitHeight: 28
    color: Theme.chrome
    Rectangle { width: parent.width; height: 1; color: Theme.line }

    component Reading: Row {
        id: reading
        property string label
        property string value
        property color ink: bar.stale ? Theme.textFaint : Theme.text
        spacing: 6
        height: bar.height
        Txt { text: reading.label; small: true; faint: true; height: parent.height }
        Txt { text: reading.value; small: true; color: reading.ink; height: parent.height; objectName: "status" + reading.label }
    }

    Row {
        x: Theme.s4
        height: parent.height
        spacing: Theme.s5
        Reading { label: "Received"; value: bar.status.received }
        Reading { label: "Aggregated"; value: bar.status.aggregated }
        Row {
            spacing: 6
            height: bar.height
            Icon {
                name: Theme.toneIcon(bar.status.ledgerTone)
                size: 12
                stroke: 2.2
                visible: name !== ""
                color: Theme.tone(bar.status.ledgerTone)
                anchors.verticalCenter: parent.verticalCenter
            }
            Reading {
                label: "Ledger"
                value: bar.status.ledger
                ink: bar.status.ledgerTone === "bad" ? Theme.bad : bar.stale ? Theme.textFaint : Theme.text
                HoverHandler { id: overLedger }
                Tip { text: bar.status.ledgerDetail; shown: overLedger.hovered; y: -implicitHeight - 6 }
            }
        }
    }
    Row {
        anchors.right: parent.right
        anchors.rightMargin: Theme.s4
        height: parent.height
        spacing: Theme.s5
        Reading { label: "Server CPU"; value: bar.status.cpu }
        Reading { label: "Memory"; value: bar.status.memory }
        Reading { label: "Disk free"; value: bar.status.disk }
        Reading { label: "Up"; value: bar.status.uptime }
        Reading { visible: bar.stale; label: "as of"; value: bar.app.overview.ageText; ink: Theme.warning }
    }
}
