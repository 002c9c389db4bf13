// SPDX-License-Identifier: GPL-3.0-or-later
// What a draft would have done in what is kept of the past: under way, how often it would have fired, and when.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Panel {
    id: panel
    objectName: "backTest"
    required property var editor
    title: "Back-test"
    tools: Segmented {
        objectName: "backTestRange"
        anchors.verticalCenter: parent.verticalCenter
        label: "Range of the back-test"
        options: [{"value": 86400, "text": "24h"}, {"value": 604800, "text": "7d"}, {"value": 2592000, "text": "30d"}]
        value: panel.editor.testRange
        onChosen: (value) => panel.editor.testRange = value
    }
    Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
    Column {
        id: head
        x: Theme.s3
        y: Theme.s3
        width: parent.width - 2 * x
        spacing: Theme.s2
        ProgressLine {
            visible: panel.editor.testing
            width: parent.width
            prefix: "backTest"
            text: "Reading the past"
            progress: panel.editor.testProgress
            onCancelled: panel.editor.cancelTest()
        }
        Row {
            visible: !panel.editor.testing && panel.editor.testTitle !== ""
            spacing: Theme.s2
            width: parent.width
            Icon { y: 3; name: panel.editor.testTone === "none" ? "offline" : Theme.toneIcon(panel.editor.testTone); size: 16; stroke: 2; color: Theme.tone(panel.editor.testTone) }
            Txt {
                objectName: "backTestTitle"
                width: parent.width - 24
                text: panel.editor.testTitle
                font.pixelSize: Theme.sizeHeading
                font.weight: Font.DemiBold
            }
        }
        Txt {
            objectName: "backTestText"
            visible: !panel.editor.testing && text !== ""
            width: parent.width
            text: panel.editor.testText
            muted: true
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }
        Txt {
            objectName: "backTestError"
            visible: !panel.editor.testing && text !== ""
            width: parent.width
            text: panel.editor.testError
            color: Theme.bad
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }
        Row {
            visible: !panel.editor.testing && (panel.editor.testOld || panel.editor.testTitle === "")
            spacing: Theme.s2
            Btn { objectName: "runBackTest"; text: "Try it"; iconName: "play"; onClicked: panel.editor.test() }
            Txt {
                height: Theme.controlHeight
                text: panel.editor.testOld ? "This is of an earlier draft." : panel.editor.testError === "" ? "Nothing is tried yet." : ""
                faint: true
            }
        }
    }
    Rectangle { x: 1; y: head.y + head.height + Theme.s3; width: parent.width - 2; height: 1; color: Theme.line; visible: changes.count > 0 }
    ListView {
        id: changes
        objectName: "backTestChanges"
        anchors.fill: parent
        anchors.margins: 1
        anchors.topMargin: head.y + head.height + Theme.s3 + 1
        clip: true
        activeFocusOnTab: count > 0
        model: panel.editor.testChanges
        opacity: panel.editor.testing || panel.editor.testOld ? 0.5 : 1
        boundsBehavior: Flickable.StopAtBounds
        T.ScrollBar.vertical: ScrollMark {}
        Accessible.role: Accessible.List
        Accessible.name: "What its alerts would have done, newest first"
        delegate: Item {
            id: row
            required property var modelData
            width: ListView.view ? ListView.view.width : 0
            height: Math.max(44, words.implicitHeight + 30)
            Accessible.role: Accessible.ListItem
            Accessible.name: modelData.time + " " + modelData.word + ": " + modelData.text
            Icon { x: Theme.s3; y: 8; size: 13; stroke: 2; name: row.modelData.tone === "none" ? "offline" : Theme.toneIcon(row.modelData.tone); color: Theme.tone(row.modelData.tone) }
            Txt { x: 34; y: 6; text: row.modelData.word; strong: true }
            Txt { anchors.right: parent.right; anchors.rightMargin: Theme.s3; y: 7; text: row.modelData.time; small: true; faint: true }
            Txt { id: words; x: 34; y: 25; width: parent.width - x - Theme.s3; text: row.modelData.text; small: true; muted: true; wrapMode: Text.Wrap; elide: Text.ElideNone }
        }
    }
    FocusRing { target: changes; radius: Theme.radius; anchors.fill: changes }
}
