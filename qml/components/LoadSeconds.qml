// SPDX-License-Identifier: GPL-3.0-or-later
// A load run by the second, newest first.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Panel {
    id: table
    property var model
    clip: true
    readonly property var columns: ["Second", "OK", "429", "Other", "Planned", "Average", "p95"]
    readonly property real columnWidth: (width - 2 * Theme.s3 - 12) / columns.length
    Row {
        x: Theme.s3
        height: 30
        Repeater {
            model: table.columns
            delegate: Txt {
                required property string modelData
                width: table.columnWidth
                height: 30
                text: modelData
                horizontalAlignment: modelData === "Second" ? Text.AlignLeft : Text.AlignRight
                small: true
                faint: true
                strong: true
            }
        }
    }
    Rectangle { y: 30; x: 1; width: parent.width - 2; height: 1; color: Theme.line }
    ListView {
        id: seconds
        objectName: "loadSeconds"
        anchors.fill: parent
        anchors.topMargin: 31
        anchors.margins: 1
        clip: true
        model: table.model
        boundsBehavior: Flickable.StopAtBounds
        activeFocusOnTab: true
        Accessible.role: Accessible.Table
        Accessible.name: "The run by the second"
        T.ScrollBar.vertical: ScrollMark {}
        FocusRing { target: seconds }
        delegate: Item {
            id: second
            required property var model
            width: seconds.width
            height: 24
            readonly property var texts: [model.second, model.okCount, model.limited, model.other, model.planned, model.average, model.p95]
            Row {
                x: Theme.s3 - 1
                height: parent.height
                Repeater {
                    model: table.columns.length
                    delegate: Txt {
                        required property int index
                        readonly property bool alarming: (index === 2 || index === 3) && text !== "0"
                        width: table.columnWidth
                        height: 24
                        text: second.texts[index]
                        horizontalAlignment: index === 0 ? Text.AlignLeft : Text.AlignRight
                        strong: alarming
                        color: alarming ? Theme.bad : index === 0 ? Theme.textFaint : Theme.text
                    }
                }
            }
        }
    }
}
