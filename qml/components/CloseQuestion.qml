// SPDX-License-Identifier: GPL-3.0-or-later
// Closing the window would end the server in it: what shall become of that?
import QtQuick

Question {
    id: question
    required property var app
    first: keepButton
    iconName: "offline"
    title: "Keep the server running?"
    text: "The server runs inside this window. Events that producers send after it stops are refused. It can go on by itself in the background; the next start of the console connects to it."
    Btn { id: keepButton; objectName: "keepServing"; text: "Keep serving"; primary: true; onClicked: question.app.close(true) }
    Btn { objectName: "stopServing"; text: "Stop the server"; danger: true; onClicked: question.app.close(false) }
    Btn { text: "Cancel"; onClicked: question.cancel() }
}
