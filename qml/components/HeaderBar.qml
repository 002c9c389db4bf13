// SPDX-License-Identifier: GPL-3.0-or-later
// Over every page: its name, the connection, the time range, live or paused, and the theme.
import QtQuick
import "../theme"

Rectangle {
    id: header
    required property var app
    property string title
    property bool hasRange: false
    signal paletteRequested()
    implicitHeight: 52
    color: Theme.chrome

    Rectangle { anchors.bottom: parent.bottom; width: parent.width; height: 1; color: Theme.line }

    Text {
        id: name
        x: Theme.s4
        anchors.verticalCenter: parent.verticalCenter
        text: header.title
        color: Theme.text
        font.family: Theme.sans
        font.pixelSize: Theme.sizeHeading
        font.weight: Font.DemiBold
        renderType: Text.NativeRendering
        Accessible.role: Accessible.Heading
    }

    Rectangle {
        id: pill
        objectName: "connectionPill"
        readonly property var connection: header.app.connection
        anchors.left: name.right
        anchors.leftMargin: Theme.s4
        anchors.verticalCenter: parent.verticalCenter
        height: 28
        width: pillRow.implicitWidth + 2 * Theme.s3
        radius: 14
        color: Theme.toneFill(connection.tone)
        border.color: connection.tone === "none" ? Theme.lineStrong : Theme.tone(connection.tone)
        Accessible.role: Accessible.StaticText
        Accessible.name: "Connection: " + connection.stateText + ", " + connection.endpoint + ", " + connection.latencyText
        Row {
            id: pillRow
            anchors.centerIn: parent
            spacing: 7
            Icon {
                anchors.verticalCenter: parent.verticalCenter
                readonly property string state: pill.connection.state
                name: pill.connection.tone === "none" ? "clock" : state === "degraded" ? "warning" : Theme.toneIcon(pill.connection.tone)
                size: 13
                stroke: 2.2
                color: Theme.tone(pill.connection.tone)
            }
            Txt {
                objectName: "connectionState"
                anchors.verticalCenter: parent.verticalCenter
                text: pill.connection.stateText
                strong: true
            }
            Txt {
                objectName: "connectionEndpoint"
                anchors.verticalCenter: parent.verticalCenter
                text: pill.connection.endpoint
                muted: true
            }
            Txt {
                anchors.verticalCenter: parent.verticalCenter
                text: pill.connection.latencyText
                visible: text !== ""
                faint: true
                width: Math.max(52, implicitWidth)
                horizontalAlignment: Text.AlignRight
            }
        }
        HoverHandler { id: overPill }
        Tip {
            shown: overPill.hovered
            text: pill.connection.errorText !== "" ? pill.connection.errorText
                  : pill.connection.serverVersion !== "" ? "Streamgauge " + pill.connection.serverVersion : ""
        }
    }

    Row {
        anchors.right: parent.right
        anchors.rightMargin: Theme.s4
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.s2
        Segmented {
            visible: header.hasRange
            label: "Time range"
            value: header.app.overview.windowSeconds
            options: [{"value": 60, "text": "1m", "tip": "The last minute"}, {"value": 300, "text": "5m", "tip": "The last 5 minutes"},
                      {"value": 600, "text": "10m", "tip": "The last 10 minutes"}]
            onChosen: (value) => header.app.overview.windowSeconds = value
        }
        Btn {
            objectName: "pauseButton"
            width: 92
            iconName: header.app.paused ? "play" : "pause"
            text: header.app.paused ? "Resume" : "Pause"
            tip: header.app.paused ? "Go on with the live view  Space" : "Hold the live view; events still come in  Space"
            onClicked: header.app.paused = !header.app.paused
        }
        AlertBell { objectName: "bell"; app: header.app }
        Btn {
            iconName: "command"
            tip: "Commands  Ctrl K"
            onClicked: header.paletteRequested()
        }
        Segmented {
            objectName: "themeSwitch"
            label: "Theme"
            value: header.app.theme
            options: [{"value": "system", "icon": "system", "tip": "As the system"}, {"value": "light", "icon": "sun", "tip": "Light"},
                      {"value": "dark", "icon": "moon", "tip": "Dark"}]
            onChosen: (value) => header.app.theme = value
        }
    }
}
