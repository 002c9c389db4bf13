// SPDX-License-Identifier: GPL-3.0-or-later
// One of several, in a list that opens. Up and Down choose without opening it.
import QtQuick
import QtQuick.Templates as T
import "../theme"

T.ComboBox {
    id: control
    property var options: []  // [{value, text}]
    property string value
    property string label
    signal chosen(string value)
    implicitHeight: Theme.controlHeight
    implicitWidth: 160
    model: options
    textRole: "text"
    valueRole: "value"
    focusPolicy: Qt.StrongFocus
    hoverEnabled: true
    currentIndex: {
        for (let i = 0; i < options.length; ++i) if (options[i].value === value) return i
        return -1
    }
    onActivated: (index) => chosen(options[index].value)
    Accessible.name: label + ": " + displayText

    contentItem: Txt {
        leftPadding: Theme.s2 + 2
        rightPadding: Theme.s5 + 2
        text: control.displayText
    }
    indicator: Icon {
        x: control.width - width - Theme.s2
        anchors.verticalCenter: parent.verticalCenter
        name: "down"
        size: 14
        color: Theme.textFaint
    }
    background: Rectangle {
        radius: Theme.radiusSmall
        color: control.hovered ? Theme.hover : Theme.field
        border.width: control.activeFocus ? 2 : 1
        border.color: control.activeFocus ? Theme.focus : Theme.lineStrong
    }
    delegate: T.ItemDelegate {
        id: row
        required property int index
        required property var modelData
        width: ListView.view ? ListView.view.width : 0
        height: Theme.rowHeight
        highlighted: control.highlightedIndex === index
        contentItem: Txt { leftPadding: Theme.s2; text: row.modelData.text; strong: control.currentIndex === row.index }
        background: Rectangle { radius: Theme.radiusSmall; color: row.highlighted || row.hovered ? Theme.hover : "transparent" }
        Accessible.name: modelData.text
    }
    popup: T.Popup {
        y: control.height + 4
        width: control.width
        height: list.contentHeight + 2 * Theme.s1
        padding: Theme.s1
        background: Rectangle { radius: Theme.radiusSmall; color: Theme.raised; border.color: Theme.lineStrong }
        contentItem: ListView {
            id: list
            clip: true
            model: control.popup.visible ? control.delegateModel : null
            currentIndex: control.highlightedIndex
            boundsBehavior: Flickable.StopAtBounds
        }
    }
}
