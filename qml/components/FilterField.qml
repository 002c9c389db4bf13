// SPDX-License-Identifier: GPL-3.0-or-later
// A line to type in that knows what may come next: arrows choose a word, Tab takes it, Esc sends the words away.
import QtQuick
import "../theme"

Field {
    id: control
    property var complete: null  // (text, cursor) => {from, words}
    property bool tabTakes: true // also the first word, where none is chosen
    property int chosen: -1
    property bool dismissed: false
    readonly property var completion: complete ? complete(text, cursorPosition) : ({"from": 0, "words": []})
    readonly property var words: activeFocus && text !== "" && !dismissed ? completion.words : []
    signal typed()    // by hand, or by taking a word
    signal entered()  // Return, with no word chosen
    signal escaped()  // Esc, with no words to send away

    onTextEdited: {
        dismissed = false
        chosen = -1
        typed()
    }
    Keys.onDownPressed: (event) => {
        if (words.length > 0) chosen = (chosen + 1) % words.length
        else event.accepted = false
    }
    Keys.onUpPressed: (event) => {
        if (words.length > 0) chosen = (chosen + words.length) % (words.length + 1) - 1
        else event.accepted = false
    }
    Keys.onTabPressed: (event) => {
        if (words.length > 0 && (tabTakes || chosen >= 0)) take(words[Math.max(0, chosen)])
        else event.accepted = false
    }
    Keys.onReturnPressed: {
        if (chosen >= 0 && chosen < words.length) take(words[chosen])
        else entered()
    }
    Keys.onEscapePressed: {
        if (words.length > 0) dismissed = true
        else escaped()
    }
    function take(word) {
        const rest = text.slice(cursorPosition)
        const gap = word.endsWith(".") || word.endsWith("(") ? "" : " "
        const at = completion.from + word.length + gap.length
        text = text.slice(0, completion.from) + word + gap + rest.replace(/^ /, "")
        cursorPosition = at
        chosen = -1
        typed()
    }
}
