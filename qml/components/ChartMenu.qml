// SPDX-License-Identifier: GPL-3.0-or-later
// What can be taken from a chart: its data, or its picture as it stands.
import QtQuick
import QtQuick.Templates as T
import Streamgauge
import "../theme"

T.Popup {
    id: menu
    required property Item chart  // a TimeChart
    signal copied
    width: 190
    height: choices.implicitHeight + 2 * padding
    padding: Theme.s1
    focus: true
    closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutside
    background: Rectangle { radius: Theme.radius; color: Theme.raised; border.color: Theme.lineStrong }
    function openAt(x, y) {
        menu.x = Math.max(0, Math.min(x, parent.width - width))
        menu.y = Math.max(0, Math.min(y, parent.height - height))
        open()
        data_.forceActiveFocus()
    }
    // Without the menu on it.
    onClosed: if (wanted) {
        wanted = false
        chart.grabToImage((result) => { if (clipboard.copy(result.image)) menu.copied() })
    }
    property bool wanted: false

    contentItem: Column {
        id: choices
        Btn {
            id: data_
            objectName: "chartCopyData"
            width: menu.availableWidth
            flat: true
            text: "Copy the data (CSV)"
            Keys.onDownPressed: picture.forceActiveFocus()
            onClicked: {
                menu.close()
                menu.chart.copyRequested(menu.chart.model.csv())
            }
        }
        Btn {
            id: picture
            objectName: "chartCopyPicture"
            width: menu.availableWidth
            flat: true
            text: "Copy the picture"
            Keys.onUpPressed: data_.forceActiveFocus()
            onClicked: {
                menu.wanted = true
                menu.close()
            }
        }
    }
    PictureClipboard { id: clipboard }
}
