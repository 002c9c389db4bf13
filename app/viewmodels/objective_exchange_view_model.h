// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives as text, in and out of the Objectives page.
#pragma once

#include <QObject>
#include <QStringList>

#include "client/backend_client.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` must outlive it.
class ObjectiveExchangeViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QString mode READ mode NOTIFY changed)                 // "import", "export"; empty: closed
    Q_PROPERTY(QString form READ form WRITE set_form NOTIFY changed)  // to export: "openslo", "prometheus"
    Q_PROPERTY(QString text READ text NOTIFY changed)                 // that is exported
    Q_PROPERTY(bool busy READ busy NOTIFY changed)
    Q_PROPERTY(QString result READ result NOTIFY changed)    // what would be, or is, declared
    Q_PROPERTY(QStringList notes READ notes NOTIFY changed)  // what was passed over
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)
    Q_PROPERTY(bool done READ done NOTIFY changed)  // they are declared
public:
    explicit ObjectiveExchangeViewModel(client::BackendClient& client, QObject* parent = nullptr);

    QString mode() const { return mode_; }
    QString form() const { return form_; }
    void set_form(const QString& form);
    QString text() const { return text_; }
    bool busy() const { return busy_; }
    QString result() const { return result_; }
    QStringList notes() const { return notes_; }
    QString error_text() const { return error_; }
    bool done() const { return done_; }

    Q_INVOKABLE void openImport();
    Q_INVOKABLE void openExport();
    Q_INVOKABLE void check(const QString& openslo);  // without declaring anything
    Q_INVOKABLE void import(const QString& openslo);
    Q_INVOKABLE void touch();  // another text: what was said of the last one goes
    Q_INVOKABLE void close();
    // Ask the window for a file (openWanted, saveWanted), which calls one of those below.
    Q_INVOKABLE void openFile() { Q_EMIT openWanted(); }
    Q_INVOKABLE void saveFile();
    void opened(const QByteArray& text);
    void saved(const QString& file_name);
    void file_failed(const QString& why);

Q_SIGNALS:
    void changed();
    void imported();
    void textOpened(const QString& text);  // to be imported
    void openWanted();
    void saveWanted(const QString& name, const QByteArray& text);

private:
    void open(const QString& mode);
    void send(const QString& openslo, bool dry_run);
    void ask_export();

    client::BackendClient& client_;
    QString mode_, form_ = QStringLiteral("openslo"), text_, result_, error_;
    QStringList notes_;
    bool busy_ = false, done_ = false;
    std::uint64_t question_ = 0;  // answers to earlier ones are not shown
};

}  // namespace streamgauge::viewmodels
