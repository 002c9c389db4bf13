// SPDX-License-Identifier: GPL-3.0-or-later
// A chart over time with a legend that reads the newest values, or those under the cursor. Qt Charts paints the series;
// grid, labels and cursor are ours, so that figures stay aligned and nothing breathes.
import QtQuick
import QtCharts
import Streamgauge
import "../theme"

Panel {
    id: chart
    property var model
    property var colors: []
    property bool stale: false
    property var marks            // where set: deploys, faults, load runs and alerts are drawn
    readonly property var marksHere: marks && model && model.hasData && marks.revision >= 0
                                     ? marks.within(model.from, model.to) : []
    property int markUnderCursor: {
        if (cursor < 0) return -1
        const reach = 5 / Math.max(1, plot.width)
        let best = -1
        let distance = reach
        for (let i = 0; i < marksHere.length; ++i) {
            const end = marksHere[i].position + marksHere[i].width
            const away = cursor < marksHere[i].position ? marksHere[i].position - cursor : Math.max(0, cursor - end)
            if (away <= distance) {
                best = i
                distance = away
            }
        }
        return best
    }
    property real cursor: -1       // 0..1 of the width; shared between charts
    property bool cursorActive: cursor >= 0
    signal cursorMoved(real position)
    signal copyRequested(string text)
    readonly property var reading: cursorActive && model ? model.at(cursor) : ({"valid": false})
    readonly property int gutter: 62
    property string subtitle
    property string emptyText: "No data in this window"
    property var lines: []         // across the chart: [{value, label, tone}]; one above the scale is named at its edge
    property var dots: []          // single points: [{x, y, tone, provisional}]; what is provisional is hollow
    property bool showsLatest: true  // in the legend, while no cursor reads
    property bool drawn: true      // by lines and areas; otherwise `underlay` draws the series
    property alias underlay: under.data  // below everything, over the plot
    readonly property bool roomy: model ? width > 150 + model.names.length * 128 : false
    note: reading.valid ? reading.time : pictureCopied.running ? "picture copied" : subtitle
    // Without data the scale is nobody's.
    readonly property bool scaled: model !== null && model !== undefined && model.hasData === true
    property bool timed: true      // the time axis is known without data, too

    tools: Repeater {
        model: chart.model ? chart.model.names : []
        delegate: Row {
            required property int index
            required property string modelData
            height: parent ? parent.height : 0
            spacing: 5
            Rectangle {
                width: 8
                height: 8
                radius: 2
                color: chart.colors[parent.index]
                anchors.verticalCenter: parent.verticalCenter
            }
            Txt {
                text: parent.modelData
                small: true
                muted: true
                anchors.verticalCenter: parent.verticalCenter
            }
            Txt {
                visible: chart.roomy && (chart.showsLatest || chart.reading.valid)
                text: chart.reading.valid ? chart.reading.values[parent.index] : chart.model.latest[parent.index]
                small: true
                width: Math.max(44, implicitWidth)
                anchors.verticalCenter: parent.verticalCenter
            }
        }
    }

    Item {
        id: plot
        anchors.fill: parent
        anchors.leftMargin: chart.gutter
        anchors.rightMargin: Theme.s4
        anchors.topMargin: Theme.s1
        anchors.bottomMargin: 26

        Repeater {
            model: chart.model ? chart.model.yTicks : []
            delegate: Item {
                required property var modelData
                y: Math.round(plot.height * (1 - modelData.position))
                width: plot.width
                Rectangle {
                    width: parent.width
                    height: 1
                    color: parent.modelData.zero ? Theme.lineStrong : Theme.grid
                }
                Txt {
                    anchors.right: parent.left
                    anchors.rightMargin: Theme.s2
                    y: -height / 2
                    visible: chart.scaled
                    text: parent.modelData.label
                    small: true
                    faint: true
                }
            }
        }
        Repeater {
            model: chart.model && (chart.scaled || chart.timed) ? chart.model.xTicks : []
            delegate: Txt {
                required property var modelData
                required property int index
                // In a narrow chart every second one or fewer: none overlap.
                visible: index % Math.ceil(chart.model.xTicks.length * 66 / Math.max(66, plot.width)) === 0
                x: Math.max(-chart.gutter + 4, Math.min(plot.width - implicitWidth + 8,
                                                        Math.round(plot.width * modelData.position - implicitWidth / 2)))
                y: plot.height + 6
                text: modelData.label
                small: true
                faint: true
            }
        }
        Item { id: under; anchors.fill: parent; opacity: chart.stale ? 0.45 : 1 }
        ChartView {
            id: view
            visible: chart.drawn
            x: -20
            y: -20
            width: plot.width + 40
            height: plot.height + 40
            plotArea: Qt.rect(20, 20, plot.width, plot.height)
            backgroundColor: "transparent"
            plotAreaColor: "transparent"
            antialiasing: true
            legend.visible: false
            dropShadowEnabled: false
            opacity: chart.stale ? 0.45 : 1
            ValueAxis { id: xAxis; visible: false }
            ValueAxis { id: yAxis; visible: false }
            LineSeries { id: anchorSeries; axisX: xAxis; axisY: yAxis }
        }
        SeriesFeed {
            model: chart.model
            anchor: anchorSeries
            colors: chart.colors
            columns: Math.max(50, Math.round(plot.width))
            active: chart.visible && chart.drawn
        }
        Repeater {
            model: chart.model && chart.model.hasData ? chart.lines : []
            delegate: Item {
                id: limit
                required property var modelData
                readonly property real share: (modelData.value - chart.model.bottom) / (chart.model.top - chart.model.bottom)
                readonly property bool beyond: share > 1
                readonly property color tint: Theme.tone(modelData.tone || "none")
                visible: share >= 0
                y: beyond ? 0 : Math.round(plot.height * (1 - share))
                width: plot.width
                Row {
                    visible: !limit.beyond
                    clip: true
                    width: parent.width
                    spacing: 4
                    Repeater {
                        model: limit.beyond ? 0 : Math.ceil(plot.width / 10)
                        delegate: Rectangle { width: 6; height: 1; color: limit.tint }
                    }
                }
                Rectangle {
                    anchors.right: parent.right
                    y: limit.beyond || limit.y < height + 2 ? 2 : -height - 1
                    width: name.implicitWidth + Theme.s2
                    height: name.implicitHeight + 2
                    radius: 3
                    color: Theme.panel
                    opacity: 0.85
                    Txt { id: name; anchors.centerIn: parent; text: (limit.beyond ? "↑ " : "") + limit.modelData.label; small: true; color: limit.tint }
                }
            }
        }
        Repeater {
            model: chart.dots
            delegate: Rectangle {
                required property var modelData
                readonly property color tint: Theme.tone(modelData.tone)
                visible: modelData.x >= chart.model.from && modelData.x <= chart.model.to
                width: modelData.provisional ? 11 : 7
                height: width
                radius: width / 2
                x: Math.round(plot.width * (modelData.x - chart.model.from) / (chart.model.to - chart.model.from) - width / 2)
                y: Math.round(plot.height * (1 - Math.min(1, (modelData.y - chart.model.bottom) / (chart.model.top - chart.model.bottom))) - height / 2)
                color: modelData.provisional ? Theme.panel : tint
                border.width: modelData.provisional ? 2 : 0
                border.color: tint
            }
        }
        Repeater {
            model: chart.marksHere
            delegate: Item {
                id: mark
                required property int index
                required property var modelData
                readonly property color tint: Theme.tone(modelData.tone)
                x: Math.round(plot.width * modelData.position)
                width: Math.max(1, Math.round(plot.width * modelData.width))
                height: plot.height
                Rectangle {
                    anchors.fill: parent
                    visible: mark.width > 1
                    color: mark.tint
                    opacity: 0.10
                }
                Rectangle {
                    width: 1
                    height: parent.height
                    color: mark.tint
                    opacity: chart.markUnderCursor === mark.index ? 1 : 0.65
                }
                Rectangle {
                    x: -3
                    y: -3
                    width: 7
                    height: 7
                    radius: 1
                    rotation: 45
                    color: mark.tint
                }
            }
        }
        Rectangle {
            visible: chart.reading.valid
            x: visible ? Math.round(plot.width * chart.reading.position) : 0
            width: 1
            height: plot.height
            color: Theme.lineStrong
        }
        Txt {
            anchors.centerIn: parent
            visible: !(chart.model && chart.model.hasData)
            text: chart.emptyText
            faint: true
        }
        Rectangle {
            readonly property var mark: chart.markUnderCursor >= 0 ? chart.marksHere[chart.markUnderCursor] : null
            visible: mark !== null
            x: mark ? Math.max(0, Math.min(plot.width - width, plot.width * mark.position + 8)) : 0
            y: Theme.s2
            width: Math.min(plot.width, markText.implicitWidth + 2 * Theme.s2)
            height: markText.implicitHeight + Theme.s2
            radius: Theme.radiusSmall
            color: Theme.raised
            border.color: mark ? Theme.tone(mark.tone) : Theme.line
            Txt {
                id: markText
                objectName: "markText"
                anchors.centerIn: parent
                width: Math.min(implicitWidth, plot.width - 2 * Theme.s2)
                elide: Text.ElideRight
                text: parent.mark ? parent.mark.label + ": " + parent.mark.text : ""
                small: true
            }
        }
        Rectangle {
            readonly property real first: Math.max(0, Math.min(pointer.pressedAt, pointer.mouseX))
            visible: pointer.dragging
            x: first
            width: Math.min(plot.width, Math.max(pointer.pressedAt, pointer.mouseX)) - first
            height: plot.height
            color: Theme.accent
            opacity: 0.22
        }
        MouseArea {
            id: pointer
            objectName: "chartPointer"
            property real pressedAt: 0
            readonly property bool dragging: pressed && pressedButtons === Qt.LeftButton && Math.abs(mouseX - pressedAt) > 5
            anchors.fill: parent
            hoverEnabled: true
            preventStealing: true
            acceptedButtons: Qt.LeftButton | Qt.RightButton
            onPressed: (mouse) => pressedAt = mouse.x
            onPositionChanged: (mouse) => chart.cursorMoved(mouse.x / width)
            onExited: chart.cursorMoved(-1)
            onReleased: (mouse) => {
                if (mouse.button === Qt.LeftButton && chart.model && Math.abs(mouse.x - pressedAt) > 5) chart.model.zoom(pressedAt / width, mouse.x / width)
            }
            onClicked: (mouse) => {
                if (mouse.button !== Qt.RightButton || !chart.scaled) return
                menu.active = true
                menu.item.openAt(mouse.x, mouse.y)
            }
            onDoubleClicked: (mouse) => { if (mouse.button === Qt.LeftButton && chart.model) chart.model.unzoom() }
        }
        Loader {
            id: menu
            active: false
            anchors.fill: parent
            sourceComponent: Item {
                readonly property Item whole: chart
                function openAt(x, y) { choices.openAt(x, y) }
                ChartMenu { id: choices; chart: parent.whole; onCopied: pictureCopied.restart() }
            }
        }
        Timer { id: pictureCopied; interval: 2500 }
        Btn {
            objectName: "chartZoomOut"
            visible: chart.model !== null && chart.model !== undefined && chart.model.zoomed === true
            anchors.right: parent.right
            height: 22
            text: "All"
            tip: "Show all of it again (double click)"
            onClicked: chart.model.unzoom()
        }
    }
}
