// SPDX-License-Identifier: GPL-3.0-or-later
// Text in the console's type: one line, cut with an ellipsis.
import QtQuick
import "../theme"

Text {
    property bool small: false
    property bool muted: false
    property bool faint: false
    property bool strong: false
    color: faint ? Theme.textFaint : muted ? Theme.textMuted : Theme.text
    font.family: Theme.sans
    font.pixelSize: small ? Theme.sizeSmall : Theme.sizeBody
    font.weight: strong ? Font.Medium : Font.Normal
    elide: Text.ElideRight
    verticalAlignment: Text.AlignVCenter
    textFormat: Text.PlainText
    renderType: Text.NativeRendering
}
