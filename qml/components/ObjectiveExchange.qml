// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives as text, over the page: OpenSLO in; OpenSLO, or rules for Prometheus, out. Esc closes.
import QtQuick
import QtQuick.Templates as T
import "../theme"

Rectangle {
    id: overlay
    objectName: "objectiveExchange"
    required property var app
    readonly property var exchange: app.objectives.exchange
    readonly property bool importing: exchange.mode === "import"
    property Item returnTo
    anchors.fill: parent
    color: Theme.scrim
    visible: exchange.mode !== ""
    function open(from) {
        returnTo = from
        area.text = ""
        if (importing) area.forceActiveFocus()
        else forms.forceActiveFocus()
    }
    function close() {
        exchange.close()
        if (returnTo) returnTo.forceActiveFocus()
    }
    Keys.onEscapePressed: close()
    Connections {
        target: overlay.exchange
        function onTextOpened(text) {
            area.text = text
            area.forceActiveFocus()
        }
    }
    MouseArea { anchors.fill: parent; onClicked: overlay.close(); onWheel: (wheel) => wheel.accepted = true }
    MouseArea { anchors.fill: panel }

    Panel {
        id: panel
        anchors.centerIn: parent
        width: Math.min(parent.width - 2 * Theme.s5, 860)
        height: Math.min(parent.height - 2 * Theme.s5, 640)
        color: Theme.raised
        border.color: Theme.lineStrong
        title: overlay.importing ? "Import objectives" : "Export objectives"
        note: overlay.importing ? "OpenSLO v1, as YAML" : ""
        tools: Segmented {
            id: forms
            objectName: "exportForm"
            visible: !overlay.importing
            anchors.verticalCenter: parent.verticalCenter
            label: "Form"
            options: [{"value": "openslo", "text": "OpenSLO"}, {"value": "prometheus", "text": "Prometheus rules"}]
            value: overlay.exchange.form
            onChosen: (value) => overlay.exchange.form = value
        }
        Rectangle {
            id: box
            x: Theme.s3
            width: parent.width - 2 * x
            height: foot.y - Theme.s3
            radius: Theme.radiusSmall
            color: Theme.field
            border.width: area.activeFocus ? 2 : 1
            border.color: area.activeFocus ? Theme.focus : overlay.exchange.errorText !== "" ? Theme.bad : Theme.lineStrong
            Flickable {
                id: scroll
                anchors.fill: parent
                anchors.margins: 2
                clip: true
                contentWidth: Math.max(width, area.contentWidth + 2 * Theme.s2)
                contentHeight: Math.max(height, area.contentHeight + 2 * Theme.s2)
                boundsBehavior: Flickable.StopAtBounds
                T.ScrollBar.vertical: ScrollMark {}
                T.ScrollBar.horizontal: ScrollMark {}
                function show(rect) {
                    if (rect.y < contentY) contentY = rect.y
                    else if (rect.y + rect.height > contentY + height) contentY = rect.y + rect.height - height + Theme.s2
                }
                TextEdit {
                    id: area
                    objectName: "exchangeText"
                    width: scroll.contentWidth
                    height: scroll.contentHeight
                    padding: Theme.s2
                    readOnly: !overlay.importing
                    activeFocusOnTab: true
                    selectByMouse: true
                    color: Theme.text
                    selectionColor: Theme.accentFill
                    selectedTextColor: Theme.textOnAccent
                    font.family: Theme.mono
                    font.pixelSize: 12
                    renderType: Text.NativeRendering
                    onCursorRectangleChanged: scroll.show(cursorRectangle)
                    onTextChanged: if (overlay.importing) overlay.exchange.touch()
                    Keys.onTabPressed: nextItemInFocusChain().forceActiveFocus()
                    Accessible.name: overlay.importing ? "OpenSLO text" : "Exported text"
                    Accessible.multiLine: true
                    Binding on text { when: !overlay.importing; value: overlay.exchange.text }
                }
            }
            Txt {
                x: Theme.s2 + 2
                y: Theme.s2 + 1
                visible: overlay.importing && area.length === 0
                text: "Paste apiVersion: openslo/v1 …, or open a file"
                faint: true
                font.family: Theme.mono
            }
        }
        Column {
            id: foot
            x: Theme.s3
            width: parent.width - 2 * x
            anchors.bottom: parent.bottom
            anchors.bottomMargin: Theme.s3
            spacing: Theme.s2
            Txt {
                objectName: "exchangeError"
                visible: text !== ""
                width: parent.width
                text: overlay.exchange.errorText
                color: Theme.bad
                wrapMode: Text.Wrap
                elide: Text.ElideNone
                Accessible.role: Accessible.AlertMessage
                Accessible.name: text
            }
            Txt {
                objectName: "exchangeResult"
                visible: text !== ""
                width: parent.width
                text: overlay.exchange.result
                strong: true
                color: overlay.exchange.done ? Theme.good : Theme.text
                wrapMode: Text.Wrap
                maximumLineCount: 3
            }
            Txt {
                visible: overlay.exchange.notes.length > 0
                width: parent.width
                text: overlay.exchange.notes.join("\n")
                small: true
                muted: true
                wrapMode: Text.Wrap
                maximumLineCount: 4
            }
            Row {
                anchors.right: parent.right
                spacing: Theme.s2
                Btn { objectName: "closeExchange"; text: overlay.exchange.done ? "Done" : "Close"; flat: true; tip: "Esc"; onClicked: overlay.close() }
                Btn {
                    objectName: "openImport"
                    visible: overlay.importing && !overlay.exchange.done
                    text: "Open a file …"
                    iconName: "import"
                    enabled: !overlay.exchange.busy
                    onClicked: overlay.exchange.openFile()
                }
                Btn {
                    objectName: "saveExport"
                    visible: !overlay.importing
                    text: "Save as …"
                    enabled: overlay.exchange.text !== "" && !overlay.exchange.busy
                    onClicked: overlay.exchange.saveFile()
                }
                Btn {
                    objectName: "checkImport"
                    visible: overlay.importing && !overlay.exchange.done
                    text: "Check"
                    enabled: area.length > 0 && !overlay.exchange.busy
                    tip: "Reads it and says what would be declared"
                    onClicked: overlay.exchange.check(area.text)
                }
                Btn {
                    objectName: "runImport"
                    visible: overlay.importing && !overlay.exchange.done
                    text: overlay.exchange.busy ? "Importing …" : "Import"
                    primary: true
                    enabled: area.length > 0 && !overlay.exchange.busy
                    onClicked: overlay.exchange.import(area.text)
                }
                Btn {
                    objectName: "copyExport"
                    visible: !overlay.importing
                    text: "Copy"
                    iconName: "copy"
                    primary: true
                    enabled: overlay.exchange.text !== "" && !overlay.exchange.busy
                    onClicked: overlay.app.copy(overlay.exchange.text, overlay.exchange.form === "prometheus" ? "rules" : "objectives")
                }
            }
        }
    }
}
