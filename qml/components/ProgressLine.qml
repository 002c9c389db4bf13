// SPDX-License-Identifier: GPL-3.0-or-later
// How far something is that takes its time, and the way to end it.
import QtQuick
import "../theme"

Row {
    id: line
    property string text
    property real progress: -1  // 0 to 1; below 0: not known
    property string prefix
    signal cancelled
    readonly property string words: progress < 0 ? text + " …" : text + ", " + Math.round(progress * 100) + " %"
    spacing: Theme.s3

    // As wide as its longest: nothing moves while it counts.
    Txt {
        id: how
        height: Theme.controlHeight
        width: longest.implicitWidth
        text: line.words
        muted: true
        Txt { id: longest; visible: false; text: line.text + ", 100 %" }
    }
    Rectangle {
        objectName: line.prefix + "Progress"
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width - how.width - stop.width - 2 * line.spacing
        height: 4
        radius: 2
        color: Theme.lineStrong
        Accessible.role: Accessible.ProgressBar
        Accessible.name: line.words
        Rectangle {
            width: parent.width * (line.progress < 0 ? 0.15 : line.progress)
            height: parent.height
            radius: 2
            color: Theme.accent
        }
    }
    Btn { id: stop; objectName: line.prefix + "Cancel"; text: "Cancel"; flat: true; onClicked: line.cancelled() }
}
