// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/file_dialogs.h"

#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QSaveFile>

#include <functional>

#include "loadgen/scenario_text.h"
#include "slo/openslo.h"

namespace streamgauge::console {

using namespace Qt::Literals::StringLiterals;
using viewmodels::LoadViewModel;
using viewmodels::ObjectiveExchangeViewModel;

namespace {

// Not modal for the program: the run that is under way goes on being shown.
void ask(QFileDialog* dialog, QObject& asker, std::function<void(const QString&)> chosen) {
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(dialog, &QFileDialog::fileSelected, &asker, std::move(chosen));
    QObject::connect(&asker, &QObject::destroyed, dialog, &QObject::deleteLater);
    dialog->open();
}

// Empty: it is written.
QString write(const QString& path, const QByteArray& text) {
    QSaveFile file(path);
    const bool written = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
    return written ? QString() : QString(path + u" cannot be written: "_s + file.errorString());
}

// At most so many bytes; otherwise why not.
Result<QByteArray> read(const QString& path, std::size_t most) {
    const auto failed = [&path](const QString& why) {
        return Error::make(ErrorCode::InvalidArgument, QString(path + why).toStdString());
    };
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return failed(u" cannot be read: "_s + file.errorString());
    QByteArray text = file.read(static_cast<qint64>(most) + 1);
    if (text.size() > static_cast<qsizetype>(most)) return failed(u" is larger than it may be"_s);
    return text;
}

void ask_for(QObject& asker, const QString& title, const QString& kind, std::function<void(const QString&)> chosen) {
    auto* const dialog = new QFileDialog(nullptr, title);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({kind + u" (*.yaml *.yml)"_s, u"All files (*)"_s});
    ask(dialog, asker, std::move(chosen));
}

void ask_where(QObject& asker, const QString& title, const QString& name, std::function<void(const QString&)> chosen) {
    auto* const dialog = new QFileDialog(nullptr, title);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(name);
    ask(dialog, asker, std::move(chosen));
}

}  // namespace

void open_scenario(LoadViewModel& load, const QString& path) {
    const Result<QByteArray> text = read(path, loadgen::kScenarioBytes);
    if (!text.ok()) return load.scenario()->file_failed(QString::fromStdString(text.error().message));
    load.scenario()->opened(QFileInfo(path).fileName(), *text);
}

void save_scenario(LoadViewModel& load, const QString& path, const QByteArray& text) {
    const QString fault = write(path, text);
    if (fault.isEmpty()) {
        load.scenario()->saved(QFileInfo(path).fileName());
    } else {
        load.scenario()->file_failed(fault);
    }
}

void save_report(LoadViewModel& load, const QString& path, const QByteArray& text) {
    load.runs()->told(write(path, text));
}

void open_objectives(ObjectiveExchangeViewModel& exchange, const QString& path) {
    const Result<QByteArray> text = read(path, slo::kOpenSloBytes);
    if (!text.ok()) return exchange.file_failed(QString::fromStdString(text.error().message));
    exchange.opened(*text);
}

void save_objectives(ObjectiveExchangeViewModel& exchange, const QString& path, const QByteArray& text) {
    const QString fault = write(path, text);
    if (fault.isEmpty()) {
        exchange.saved(QFileInfo(path).fileName());
    } else {
        exchange.file_failed(fault);
    }
}

void serve_files(ObjectiveExchangeViewModel& exchange) {
    QObject::connect(&exchange, &ObjectiveExchangeViewModel::openWanted, &exchange, [&exchange] {
        ask_for(exchange, u"Open objectives"_s, u"OpenSLO"_s,
                [&exchange](const QString& path) { open_objectives(exchange, path); });
    });
    QObject::connect(&exchange, &ObjectiveExchangeViewModel::saveWanted, &exchange,
                     [&exchange](const QString& name, const QByteArray& text) {
                         ask_where(exchange, u"Save the objectives"_s, name,
                                   [&exchange, text](const QString& path) { save_objectives(exchange, path, text); });
                     });
}

void serve_files(LoadViewModel& load) {
    QObject::connect(load.scenario(), &viewmodels::ScenarioViewModel::openWanted, &load, [&load] {
        ask_for(load, u"Open a scenario"_s, u"Scenarios"_s,
                [&load](const QString& path) { open_scenario(load, path); });
    });
    QObject::connect(load.scenario(), &viewmodels::ScenarioViewModel::saveWanted, &load,
                     [&load](const QString& name, const QByteArray& text) {
                         ask_where(load, u"Save the scenario"_s, name,
                                   [&load, text](const QString& path) { save_scenario(load, path, text); });
                     });
    QObject::connect(load.runs(), &viewmodels::LoadRunsViewModel::saveWanted, &load,
                     [&load](const QString& name, const QByteArray& text) {
                         ask_where(load, u"Save the report"_s, name,
                                   [&load, text](const QString& path) { save_report(load, path, text); });
                     });
}

}  // namespace streamgauge::console
