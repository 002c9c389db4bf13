// SPDX-License-Identifier: GPL-3.0-or-later
// What an author will not have meant, below the field that can mend it.
import QtQuick
import "../theme"

Item {
    id: warning
    property string text
    visible: text !== ""
    height: visible ? words.implicitHeight : 0
    Accessible.role: Accessible.AlertMessage
    Accessible.name: text
    Icon { y: 1; name: "warning"; size: 12; stroke: 2; color: Theme.warning }
    Txt {
        id: words
        x: 18
        width: parent.width - x
        text: warning.text
        small: true
        color: Theme.warning
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
}
