// SPDX-License-Identifier: GPL-3.0-or-later
// The scenario file as it is, with the fault marked at its line.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Panel {
    id: panel
    required property var scenario
    property alias input: area
    title: "Scenario file"
    note: scenario.fileName
    tools: Row {
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.s2
        Btn { objectName: "openScenario"; height: 26; text: "Open …"; tip: "Open a scenario file"; onClicked: panel.scenario.open() }
        Btn { objectName: "saveScenario"; height: 26; text: "Save …"; tip: "Save the scenario as a file"; onClicked: panel.scenario.save() }
    }

    Rectangle { x: 1; width: parent.width - 2; height: 1; color: Theme.line }
    Flickable {
        id: view
        anchors.fill: parent
        anchors.margins: 1
        anchors.bottomMargin: fault.visible ? fault.height + 1 : 1
        contentWidth: Math.max(width, area.x + area.implicitWidth + Theme.s3)
        contentHeight: Math.max(height, area.implicitHeight + Theme.s3)
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        T.ScrollBar.vertical: ScrollMark {}
        T.ScrollBar.horizontal: ScrollMark {}
        function reveal() {
            const at = area.cursorRectangle
            if (at.y < contentY) contentY = at.y
            else if (at.y + at.height + area.y > contentY + height) contentY = at.y + at.height + area.y - height
            if (area.x + at.x > contentX + width - 20) contentX = area.x + at.x - width + 40
            else if (at.x < contentX) contentX = Math.max(0, at.x - 20)
        }
        FontMetrics { id: metrics; font: area.font }
        Rectangle {
            visible: panel.scenario.faultLine > 0
            y: area.y + (panel.scenario.faultLine - 1) * area.lineHeight
            width: view.contentWidth
            height: area.lineHeight
            color: Theme.badFill
        }
        Column {
            y: area.y
            Repeater {
                model: area.lineCount
                delegate: Text {
                    required property int index
                    readonly property bool wrong: index + 1 === panel.scenario.faultLine
                    width: 34
                    height: area.lineHeight
                    horizontalAlignment: Text.AlignRight
                    verticalAlignment: Text.AlignVCenter
                    text: index + 1
                    color: wrong ? Theme.bad : Theme.textFaint
                    font.family: Theme.mono
                    font.pixelSize: 11
                    font.bold: wrong
                    renderType: Text.NativeRendering
                }
            }
        }
        T.TextArea {
            id: area
            objectName: "scenarioText"
            readonly property real lineHeight: lineCount > 0 ? contentHeight / lineCount : metrics.height
            x: 44
            y: Theme.s2
            width: Math.max(implicitWidth, view.width - x)
            height: Math.max(implicitHeight, view.height - y)
            implicitWidth: contentWidth + 4
            implicitHeight: contentHeight
            wrapMode: TextEdit.NoWrap
            textFormat: TextEdit.PlainText
            selectByMouse: true
            activeFocusOnTab: true
            color: Theme.text
            selectionColor: Theme.accentFill
            selectedTextColor: Theme.textOnAccent
            font.family: Theme.mono
            font.pixelSize: 12
            renderType: Text.NativeRendering
            Accessible.role: Accessible.EditableText
            Accessible.name: "Scenario file"
            Accessible.description: panel.scenario.faultText
            Component.onCompleted: text = panel.scenario.text
            onTextChanged: panel.scenario.text = text
            onCursorRectangleChanged: if (activeFocus) view.reveal()
            Keys.onTabPressed: nextItemInFocusChain(true).forceActiveFocus(Qt.TabFocusReason)
            Keys.onBacktabPressed: nextItemInFocusChain(false).forceActiveFocus(Qt.BacktabFocusReason)
            Connections {
                target: panel.scenario
                function onTextReplaced() {
                    const at = area.cursorPosition
                    area.text = panel.scenario.text
                    area.cursorPosition = Math.min(at, area.length)
                }
            }
        }
    }
    FocusRing { target: area }
    Rectangle {
        id: fault
        readonly property string words: panel.scenario.faultText !== "" ? panel.scenario.faultText : panel.scenario.fileFault
        visible: words !== ""
        anchors.bottom: parent.bottom
        anchors.bottomMargin: 1
        x: 1
        width: parent.width - 2
        height: Math.max(34, faultText.implicitHeight + Theme.s3)
        color: Theme.badFill
        Icon { id: faultMark; x: Theme.s3; anchors.verticalCenter: parent.verticalCenter; name: "cross"; size: 14; stroke: 2.2; color: Theme.bad }
        Txt {
            id: faultText
            objectName: "scenarioFault"
            anchors.left: faultMark.right
            anchors.leftMargin: Theme.s2
            anchors.right: there.left
            anchors.rightMargin: Theme.s2
            anchors.verticalCenter: parent.verticalCenter
            text: fault.words
            wrapMode: Text.Wrap
            maximumLineCount: 3
        }
        Btn {
            id: there
            objectName: "goToFault"
            anchors.right: parent.right
            anchors.rightMargin: Theme.s2
            anchors.verticalCenter: parent.verticalCenter
            visible: panel.scenario.faultPosition >= 0
            height: 26
            text: "Go there"
            onClicked: {
                area.forceActiveFocus()
                area.cursorPosition = panel.scenario.faultPosition
            }
        }
    }
}
