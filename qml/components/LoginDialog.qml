// SPDX-License-Identifier: GPL-3.0-or-later
// The server wants to know who asks.
import QtQuick
import "../theme"

Rectangle {
    id: login
    required property var app
    property Item returnTo
    readonly property var connection: app.connection
    anchors.fill: parent
    color: Theme.scrim
    visible: false
    function open(from) {
        if (!visible) returnTo = from
        if (user.text === "") user.text = connection.loginName()
        password.text = ""
        visible = true
        if (user.text === "") user.forceActiveFocus()
        else password.forceActiveFocus()
    }
    function cancel() {
        visible = false
        password.text = ""
        if (returnTo) returnTo.forceActiveFocus()
    }
    function submit() {
        if (user.text === "") return user.forceActiveFocus()
        if (password.text === "") return password.forceActiveFocus()
        const secret = password.text
        cancel()
        connection.logIn(user.text, secret)
    }
    Keys.onEscapePressed: cancel()
    MouseArea { anchors.fill: parent; onClicked: login.cancel(); onWheel: (wheel) => wheel.accepted = true }

    MouseArea { anchors.fill: card }
    StateCard {
        id: card
        anchors.centerIn: parent
        color: Theme.raised
        border.color: Theme.lineStrong
        iconName: "offline"
        title: "Log in to " + login.connection.endpoint
        text: login.connection.errorText !== "" ? login.connection.errorText
                                                : "The server asks who does this. What is open to everybody goes on without a login."
        Column {
            spacing: Theme.s2
            Field {
                id: user
                objectName: "loginUser"
                width: 280
                placeholderText: "User"
                maximumLength: 64
                Keys.onReturnPressed: login.submit()
                Keys.onEnterPressed: login.submit()
            }
            Field {
                id: password
                objectName: "loginPassword"
                width: 280
                placeholderText: "Password"
                echoMode: TextInput.Password
                inputMethodHints: Qt.ImhHiddenText | Qt.ImhSensitiveData | Qt.ImhNoPredictiveText
                maximumLength: 1024
                Keys.onReturnPressed: login.submit()
                Keys.onEnterPressed: login.submit()
            }
            Row {
                spacing: Theme.s2
                Btn { objectName: "loginSubmit"; text: "Log in"; primary: true; onClicked: login.submit() }
                Btn { text: "Cancel"; onClicked: login.cancel() }
            }
        }
    }
}
