// SPDX-License-Identifier: GPL-3.0-or-later
// How long answers took, second by second: the brighter (darker by day) a cell, the more answers took that long.
import QtQuick
import Streamgauge
import "../theme"

Panel {
    id: chart
    property var model
    property bool stale: false
    readonly property int gutter: 62
    property var reading: ({"valid": false})
    property string subtitle: "answers by response time"
    note: reading.valid ? reading.time + ", " + reading.range + ": " + reading.count : subtitle

    Item {
        id: plot
        anchors.fill: parent
        anchors.leftMargin: chart.gutter
        anchors.rightMargin: Theme.s4
        anchors.topMargin: Theme.s1
        anchors.bottomMargin: Theme.s3
        Repeater {
            model: chart.model ? chart.model.yTicks : []
            delegate: Item {
                required property var modelData
                y: Math.round(plot.height * (1 - modelData.position))
                width: plot.width
                Rectangle { width: parent.width; height: 1; color: Theme.grid }
                Txt {
                    anchors.right: parent.left
                    anchors.rightMargin: Theme.s2
                    y: -height / 2
                    text: parent.modelData.label
                    small: true
                    faint: true
                }
            }
        }
        HeatMap {
            anchors.fill: parent
            model: chart.model
            low: Theme.dark ? "#1d3350" : "#d5e5f8"
            high: Theme.dark ? "#ffd27a" : "#7a2b00"
            opacity: chart.stale ? 0.45 : 1
        }
        Rectangle { y: parent.height; width: parent.width; height: 1; color: Theme.lineStrong }
        Txt {
            anchors.centerIn: parent
            visible: !(chart.model && chart.model.hasData)
            text: "No answer yet"
            faint: true
        }
        MouseArea {
            anchors.fill: parent
            hoverEnabled: true
            acceptedButtons: Qt.NoButton
            onPositionChanged: (mouse) => chart.reading = chart.model.at(mouse.x / width, mouse.y / height)
            onExited: chart.reading = {"valid": false}
        }
    }
}
