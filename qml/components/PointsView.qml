// SPDX-License-Identifier: GPL-3.0-or-later
// Points over time: a chart or a ranking, and below it the table; or why there are none.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Item {
    id: body
    required property var app
    required property var view  // a PointsViewModel
    property string prefix: "metric"
    property string title
    property bool stale: false
    property real cursor: -1
    property bool waiting: true  // while it is loading: something is on its way
    property string waitingTitle: "Reading …"
    property string emptyText: "No event of this metric falls into it. A longer range may have some."
    readonly property bool shown: view.phase === "data"
    readonly property real share: 0.56

    TimeChart {
        id: chart
        objectName: body.prefix + "Chart"
        visible: body.shown && body.view.chartKind === "line"
        width: parent.width
        height: visible ? Math.round(parent.height * body.share) : 0
        title: body.title
        model: body.view.chart
        marks: body.app.marks
        colors: Theme.seriesColors
        stale: body.stale
        cursor: body.cursor
        onCursorMoved: (position) => body.cursor = position
        onCopyRequested: (text) => body.app.copy(text, "chart's data")
    }
    Panel {
        id: ranks
        visible: body.shown && body.view.chartKind === "rank"
        width: parent.width
        height: visible ? Math.round(parent.height * body.share) : 0
        title: body.title
        note: "most frequent values of the newest step"
        RankList {
            objectName: body.prefix + "Top"
            anchors.fill: parent
            anchors.margins: Theme.s3
            anchors.topMargin: 0
            model: body.view.top
        }
    }
    Panel {
        id: table
        visible: body.shown
        y: chart.height + ranks.height + (chart.height + ranks.height > 0 ? Theme.s3 : 0)
        width: parent.width
        height: parent.height - y
        clip: true
        readonly property bool narrow: width < 520
        readonly property int timeWidth: narrow ? 104 : 132
        // Without groups their column is the value's: texts and most frequent values are long.
        readonly property bool grouped: body.view.grouped
        readonly property int valueWidth: grouped ? (narrow ? 84 : 150) : free
        readonly property int free: width - timeWidth - marksWidth - 2 * Theme.s3 - Theme.s4
        readonly property int marksWidth: narrow ? 0 : Math.round(Math.max(130, width * 0.28))
        readonly property int groupWidth: free - valueWidth
        Row {
            x: Theme.s3 + 1
            height: 30
            Txt { width: table.timeWidth; height: parent.height; text: "From"; small: true; faint: true; strong: true }
            Txt { width: table.groupWidth; height: parent.height; visible: table.grouped; text: "Group"; small: true; faint: true; strong: true }
            Txt { width: table.valueWidth; height: parent.height; text: "Value"; small: true; faint: true; strong: true; horizontalAlignment: Text.AlignRight }
            Item { width: Theme.s4; height: 1 }
            Txt { visible: !table.narrow; width: table.marksWidth; height: parent.height; text: "Good to know"; small: true; faint: true; strong: true }
        }
        Rectangle { y: 30; x: 1; width: parent.width - 2; height: 1; color: Theme.line }
        ListView {
            objectName: body.prefix + "Points"
            anchors.fill: parent
            anchors.topMargin: 31
            anchors.margins: 1
            clip: true
            activeFocusOnTab: true
            model: body.view.points
            reuseItems: true
            boundsBehavior: Flickable.StopAtBounds
            opacity: body.stale ? 0.6 : 1
            T.ScrollBar.vertical: ScrollMark {}
            Accessible.role: Accessible.List
            Accessible.name: "Points, newest first"
            delegate: Item {
                id: point
                required property string time
                required property string group
                required property string valueText
                required property string marks
                required property bool other
                width: ListView.view ? ListView.view.width : 0
                height: Theme.rowHeight
                Accessible.role: Accessible.ListItem
                Accessible.name: time + " " + group + ": " + valueText + " " + marks
                Row {
                    x: Theme.s3
                    height: parent.height
                    Txt { width: table.timeWidth; height: parent.height; text: point.time; muted: true }
                    Txt { width: table.groupWidth; height: parent.height; visible: table.grouped; text: point.group; font.italic: point.other }
                    Txt { width: table.valueWidth; height: parent.height; text: point.valueText; strong: true; horizontalAlignment: Text.AlignRight }
                    Item { width: Theme.s4; height: 1 }
                    Txt { visible: !table.narrow; width: table.marksWidth; height: parent.height; text: point.marks; small: true; faint: true }
                }
            }
        }
    }
    // A newer question takes its time or was ended: what was answered before stays.
    Rectangle {
        objectName: body.prefix + "NewerBar"
        visible: body.shown && (body.view.slow || body.view.cancelled)
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.s3
        anchors.horizontalCenter: parent.horizontalCenter
        width: Math.min(440, parent.width - 2 * Theme.s3)
        height: 40
        radius: Theme.radius
        color: Theme.raised
        border.color: Theme.lineStrong
        ProgressLine {
            visible: body.view.slow
            x: Theme.s3
            anchors.verticalCenter: parent.verticalCenter
            width: parent.width - x - Theme.s1
            prefix: body.prefix + "Newer"
            text: "Reading"
            progress: body.view.progress
            onCancelled: body.view.cancel()
        }
        Txt {
            visible: body.view.cancelled
            x: Theme.s3
            height: parent.height
            width: newerAgain.x - x - Theme.s2
            text: "You ended a newer question."
            muted: true
            Accessible.role: Accessible.AlertMessage
        }
        Btn {
            id: newerAgain
            objectName: body.prefix + "NewerAgain"
            visible: body.view.cancelled
            anchors.right: parent.right
            anchors.rightMargin: Theme.s1
            anchors.verticalCenter: parent.verticalCenter
            text: "Ask again"
            iconName: "play"
            flat: true
            onClicked: body.view.again()
        }
    }
    StateCard {
        objectName: body.prefix + "Card"
        anchors.centerIn: parent
        visible: !body.shown
        readonly property string state_: body.view.phase
        waiting: state_ === "loading" && body.waiting && !body.view.slow
        tone: state_ === "error" ? "bad" : "none"
        iconName: state_ === "error" ? "cross" : state_ === "empty" ? "inbox" : state_ === "cancelled" ? "pause" : "clock"
        title: state_ === "cancelled" ? "You ended this question" : state_ === "error" ? "This question was not answered" : state_ === "empty" ? "Nothing in this range" : body.waitingTitle
        text: state_ === "error" ? body.view.errorText
              : state_ === "empty" ? (body.view.cancelled ? "You ended a newer question." : body.emptyText)
              : state_ === "cancelled" ? "The server reads no further for it." : ""
        ProgressLine {
            visible: body.view.slow
            width: parent.width
            prefix: body.prefix
            text: "Reading"
            progress: body.view.progress
            onCancelled: body.view.cancel()
        }
        Btn {
            objectName: body.prefix + "Again"
            visible: body.view.cancelled || body.view.phase === "error"
            text: "Ask again"
            iconName: "play"
            onClicked: body.view.again()
        }
    }
}
